/* SPDX-License-Identifier: Apache-2.0 */
/* The program's version, given by the build (project's VERSION in CMakeLists.txt). */
#ifndef LQ_TOOLS_VERSION_H
#define LQ_TOOLS_VERSION_H

#ifndef LQ_VERSION
#define LQ_VERSION "0"
#endif

#endif

# SPDX-License-Identifier: Apache-2.0
"""`lunquake serve` from outside: how it starts, is reached, stops, locks and captures. What the
target does as a SCSI device is judged elsewhere (conformance/suites)."""
import re
import signal
import socket
import subprocess

import pytest

URI_TOOLS_S = 60


def tool(*arguments):
    """A command of libiscsi-bin; it must succeed."""
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=URI_TOOLS_S,
                          check=False)
    assert done.returncode == 0, (arguments, done.stdout, done.stderr)
    return done.stdout


def test_ready_and_stop(serve):
    served = serve("--ram", "1MiB")
    assert served.host == "127.0.0.1" and served.port != 0
    assert served.iqn == "iqn.2026-11.org.lunquake:t0"
    assert "Peripheral Device Type" in tool("iscsi-inq", served.uri)
    assert served.stop() == (0, "", "")


@pytest.mark.parametrize("header, option, code", [
    ("any", "header-digest=crc32c", 0), ("any", "header-digest=none", 0),
    ("crc32c", "header-digest=crc32c", 0), ("crc32c", "header-digest=none", 1),
    ("none", "header-digest=none-crc32c", 0)])
def test_header_digest(serve, header, option, code):
    """QEMU's initiator, which has header digests; it has no data digests."""
    served = serve("--header-digest", header)
    image = (f"driver=iscsi,transport=tcp,portal={served.host}:{served.port},"
             f"target={served.iqn},lun=0,{option}")
    done = subprocess.run(["qemu-io", "--image-opts", "-c", "write -P 7 4k 64k", "-c",
                           "read -P 7 4k 64k", image], capture_output=True, text=True,
                          timeout=URI_TOOLS_S, check=False)
    assert done.returncode == code, done.stderr
    assert ("read 65536/65536" in done.stdout) == (code == 0)


def test_sigint_stops_too(serve):
    assert serve().stop(signal.SIGINT) == (0, "", "")


def test_default_lun(serve):
    assert "Total size:67108864" in tool("iscsi-readcapacity16", serve().uri)


def test_luns_in_order(serve, disk):
    served = serve("--ram", "2MiB", "--file", str(disk), "--ram", "512")
    sizes = []
    for lun in range(3):
        uri = served.uri[:-1] + str(lun)
        sizes.append(re.search(r"Total size:(\d+)", tool("iscsi-readcapacity16", uri)).group(1))
    assert sizes == ["2097152", "1048576", "512"]


def test_name_and_discovery(serve):
    served = serve("--iqn", "iqn.2026-11.org.example:disk-1")
    listed = tool("iscsi-ls", "--show-luns", f"iscsi://127.0.0.1:{served.port}")
    assert f"Target:iqn.2026-11.org.example:disk-1 Portal:127.0.0.1:{served.port}," in listed
    assert "Lun:0" in listed


def test_portals_are_target_ports(serve):
    served = serve("--portals", "3", "--ram", "1MiB")
    addresses = [line.split(" ", 1)[1] for line in served.lines if line.startswith("portal ")]
    assert len(set(addresses)) == 2
    listed = tool("iscsi-ls", f"iscsi://127.0.0.1:{served.port}")
    for number, address in enumerate([f"127.0.0.1:{served.port}"] + addresses, 1):
        assert f"Portal:{address},{number}" in listed
        assert "Total size:1048576" in tool("iscsi-readcapacity16",
                                            f"iscsi://{address}/{served.iqn}/0")
    assert served.stop() == (0, "", "")


def test_read_only(serve, tmp_path):
    served = serve("--ram", "1MiB", "--ram", "1MiB", "--read-only")
    source = tmp_path / "source"
    source.write_bytes(b"x" * (1 << 20))
    copy = ["qemu-img", "convert", "-n", "-f", "raw", "-O", "raw", str(source)]
    tool(*copy, served.uri)
    done = subprocess.run([*copy, served.uri[:-1] + "1"], capture_output=True, text=True,
                          timeout=URI_TOOLS_S, check=False)
    assert done.returncode != 0 and re.search("read.only|write.protected", done.stderr, re.I)


def test_data_is_in_the_file_afterwards(serve, disk, tmp_path):
    source = tmp_path / "source"
    source.write_bytes(bytes(range(256)) * 4096)
    served = serve("--file", str(disk))
    tool("qemu-img", "convert", "-n", "-f", "raw", "-O", "raw", source, served.uri)
    tool("qemu-img", "compare", "-f", "raw", "-F", "raw", source, served.uri)
    assert served.stop() == (0, "", "")
    assert disk.read_bytes() == source.read_bytes()


@pytest.mark.parametrize("host", ["::1", "[::1]"])
def test_ipv6(serve, host):
    served = serve("--portal", host)
    assert served.host == "[::1]"
    assert f"Portal:[::1]:{served.port}," in tool("iscsi-ls", f"iscsi://[::1]:{served.port}")
    tool("iscsi-inq", served.uri)
    assert served.stop()[2] == ""


def test_wide_portal_warns(serve):
    served = serve("--portal", "0.0.0.0")
    assert served.host == "127.0.0.1"
    tool("iscsi-inq", served.uri)
    code, _, err = served.stop()
    assert code == 0
    assert re.fullmatch(r"lunquake: --portal 0\.0\.0\.0: .*no authentication.*\n", err)


def test_port_in_use(serve, run):
    served = serve()
    done = run("serve", "--port", served.port)
    assert done.returncode == 3
    assert re.fullmatch(rf"lunquake: --portal 127\.0\.0\.1 --port {served.port}: cannot listen "
                        r"there \(Address already in use\); .*--port 0.*\n", done.stderr)


def test_port_is_free_again_at_once(serve, run):
    """Also with connections of the old process in TIME-WAIT."""
    served = serve()
    peer = socket.create_connection(("127.0.0.1", served.port), timeout=10)
    assert served.stop()[0] == 0
    peer.close()
    done = run("with", "--port", served.port, "--", "true")
    assert done.returncode == 0, done.stderr


def test_file_has_one_user(serve, run, disk):
    serve("--file", str(disk))
    done = run("serve", "--port", "0", "--file", disk)
    assert done.returncode == 3
    assert f"--file {disk}: is locked by another store" in done.stderr
    assert done.stdout == ""


def test_file_twice_in_one_target(run, disk, tmp_path):
    link = tmp_path / "link"
    link.symlink_to(disk)
    done = run("serve", "--port", "0", "--file", disk, "--file", link)
    assert done.returncode == 3
    assert f"--file {link}: is locked by another store" in done.stderr


def test_print_limits(serve):
    served = serve("--ram", "1MiB", "--print-limits", "--max-connections", "7")
    limits = dict(re.fullmatch(r"limit (\S+) (\d+)", line).groups() for line in served.lines
                  if line.startswith("limit "))
    assert limits["connections"] == "7" and int(limits["tasks"]) > 0
    memory = dict(re.fullmatch(r"memory (.+) (\d+) bytes", line).groups()
                  for line in served.lines if line.startswith("memory "))
    assert int(memory["arena"]) > int(limits["tasks"]) * int(limits["transfer_bytes_max"])
    assert int(memory["total"]) == sum(int(value) for name, value in memory.items()
                                       if name != "total")


def test_sessions_end_with_the_target(serve):
    """A peer that is logged in and does nothing does not hold up the stop."""
    served = serve()
    with socket.create_connection(("127.0.0.1", served.port), timeout=20) as silent:
        tool("iscsi-inq", served.uri)
        assert served.stop() == (0, "", "")
        try:
            assert silent.recv(1) == b""
        except ConnectionResetError:
            pass


def tshark(path, *arguments):
    done = subprocess.run(["tshark", "-r", str(path), *arguments], capture_output=True, text=True,
                          timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def check_capture(path, port):
    """tshark finds our PDUs on port 3260 and nothing wrong with them."""
    assert tshark(path, "-Y", "_ws.malformed || _ws.expert.severity >= 0x600000 && "
                  "!tcp.connection.rst") == []
    opcodes = set(",".join(tshark(path, "-Y", "iscsi", "-T", "fields", "-e",
                                  "iscsi.opcode")).split(","))
    assert {"0x03", "0x23", "0x01", "0x25"} <= opcodes  # login, its response, command, data-in
    comments = tshark(path, "-Y", "frame.comment", "-T", "fields", "-e", "frame.comment")
    assert comments and all(f"port {port}" in comment for comment in comments)
    assert set(tshark(path, "-T", "fields", "-e", "frame.interface_name")) == {"live"}


def test_capture(serve, tmp_path):
    path = tmp_path / "serve.pcapng"
    served = serve("--pcap", str(path))
    tool("iscsi-inq", served.uri)
    tool("iscsi-readcapacity16", served.uri)
    assert served.stop() == (0, "", "")
    check_capture(path, served.port)


def test_capture_with(run, tmp_path):
    path = tmp_path / "with.pcapng"
    done = run("with", "--pcap", path, "--", "sh", "-c", "iscsi-inq {uri} > /dev/null; echo {port}")
    assert done.returncode == 0, done.stderr
    check_capture(path, int(done.stdout))


def test_capture_on_a_full_disk(serve):
    served = serve("--pcap", "/dev/full")
    tool("iscsi-inq", served.uri)
    code, _, err = served.stop()
    assert code == 3
    assert re.fullmatch(r"lunquake: --pcap /dev/full: the capture is incomplete .*\n", err)


def test_a_thousand_connections_at_once(serve):
    """More than the limit: the rest is turned away, a logged in peer goes on."""
    served = serve("--max-connections", "20")
    peers = [socket.create_connection(("127.0.0.1", served.port), timeout=20) for _ in range(19)]
    tool("iscsi-inq", served.uri)
    peers.append(socket.create_connection(("127.0.0.1", served.port), timeout=20))
    extra = socket.create_connection(("127.0.0.1", served.port), timeout=20)
    assert extra.recv(1) == b""
    peers.pop().close()
    tool("iscsi-inq", served.uri)
    for peer in [*peers, extra]:
        peer.close()
    assert served.stop() == (0, "", "")


def test_an_abort_is_an_internal_error(serve):
    """Whoever calls abort(): the exit code says that the program is wrong, not its user."""
    assert serve().stop(signal.SIGABRT)[0] == 99

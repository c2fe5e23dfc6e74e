# SPDX-License-Identifier: Apache-2.0
"""How a failure is read: the ladder, and the page in a real browser."""
import json
import re
import shutil
import subprocess

import pytest

FAILS = ["sim", "--wrong", "nexus-loss-drops-wait",
         "scenarios/museum/BM-90-stale-write-after-fail-over.scn"]
CHROMIUM = [shutil.which("chromium") or "chromium", "--headless", "--no-sandbox", "--disable-gpu",
            "--disable-quic", "--no-first-run", "--disable-background-networking",
            "--disable-component-update", "--disable-sync"]


@pytest.fixture
def failing(run, source, tmp_path):
    """Runs a scenario that a wrong breaks, with more options."""
    return lambda *more: run(*FAILS, *more, cwd=source)


def story_of(path):
    text = path.read_text()
    return json.loads(re.search(r'<script type="application/json" id="story">(.*?)</script>', text,
                                re.DOTALL).group(1))


def dom(page, tmp_path, script=""):
    """The page's document after SCRIPT has run in it."""
    copy = tmp_path / "copy.html"
    copy.write_text(page.read_text().replace("</body>", f"<script>{script}</script></body>"))
    result = subprocess.run(
        [*CHROMIUM, f"--user-data-dir={tmp_path / 'profile'}", "--window-size=1200,800",
         "--virtual-time-budget=3000", "--dump-dom", f"file://{copy}"],
        capture_output=True, text=True, timeout=120, check=True)
    return result.stdout


def test_a_failure_shows_what_happened_around_it(failing):
    out = failing().stdout
    ladder = out[out.index("around QUAR-3:\n"):out.index("reproduce: ")].splitlines()[1:]
    assert ladder[0].split() == ["a", "b", "tar", "d0"]
    assert any(re.fullmatch(r" +0\.010005000s  \|------>\|   \|   WRITE\(10\) lba 0 blocks 8 .*", line)
               for line in ladder)
    marked = [line for line in ladder if line[16] == "!"]
    assert len(marked) == 4 and "SUBMITTED write" in marked[1] and "|==>|" in marked[1]
    assert any("~~~~" in line and "FAULT disk.hang" in line for line in ladder)
    assert all(len(line) <= 100 for line in ladder)
    # What is cut says so: of a number no part is left that looks like another one.
    assert all(line.endswith("...") for line in ladder if len(line) == 100)
    assert "\033" not in out  # colour is for terminals
    assert "NOP-" not in "\n".join(ladder)  # of the nexus that has nothing to do with it


def test_the_whole_ladder(run):
    out = run("sim", "--seed", "2", "--commands", "20", "--ladder").stdout
    assert re.search(r"^ +\d+\.\d{9}s +\|-+>\| .* Login stage 0 ", out, re.MULTILINE)
    assert re.search(r" \|<-+\| .* Login Response 00h/00h ", out)
    times = [float(time) for time in re.findall(r"^ +(\d+\.\d{9})s ", out, re.MULTILINE)]
    assert times == sorted(times) and len(times) > 100


def test_the_page_has_the_run(run, tmp_path):
    page = tmp_path / "run.html"
    assert run("sim", "--seed", "4", "--html", page).returncode == 0
    assert page.stat().st_size < 10 * 1024 * 1024
    text = page.read_text()
    assert not re.search(r"(src|href)=|url\(|@import|fetch\(|XMLHttp", text)  # nothing from elsewhere
    story = story_of(page)
    assert story["title"] == "seed 4" and story["verdict"] == "nothing wrong"
    assert story["lanes"][-1].startswith("disk") and "target" in story["lanes"]
    assert len(story["rows"]) > 10000
    assert not any(row[6] for row in story["rows"])


def test_the_browser_marks_the_violation(failing, tmp_path):
    page = tmp_path / "bad.html"
    assert f"page: {page}\n" in failing("--html", page).stdout
    story = story_of(page)
    assert sum(row[6] for row in story["rows"]) == 4
    shown = dom(page, tmp_path)
    assert '<div id="verdict" class="bad"><b>QUAR-3 no-request-forgotten' in shown
    assert "its end was answered" in shown
    assert "<h2>NEXUS ENDED by nexus loss</h2>" in shown  # opens at the violation
    assert "<td>proves</td><td>QUAR-3" in shown


def test_the_browser_decodes_what_is_pointed_at(failing, tmp_path):
    page = tmp_path / "bad.html"
    failing("--html", page)
    rows = story_of(page)["rows"]
    write = next(i for i, row in enumerate(rows) if row[4].startswith("WRITE(10)"))
    hover = f"""
        keep({write});
        const box = canvas.getBoundingClientRect();
        canvas.dispatchEvent(new PointerEvent("pointermove", {{
            clientX: box.left + 50,
            clientY: box.top + HEAD + (view.indexOf({write}) - top_ + 0.5) * height }}));"""
    shown = dom(page, tmp_path, hover)
    assert re.search(r"<h2>WRITE\(10\) lba 0 blocks 8 lun 0 cmdsn 3 ", shown)
    assert re.search(r"<td>where</td><td>a \u2192 target</td>", shown)
    assert re.search(r"<td>header</td><td>01a10000 00001000 ", shown)
    for name, value in (("pdu", "scsi-command"), ("datasegmentlength", 4096), ("edtl", 4096),
                        ("cmdsn", 3), ("itt", 0x102), ("operationcode", 0x2a)):
        assert f"<td>{name}</td><td>{value}</td>" in shown


def test_the_browser_filters_and_jumps(failing, tmp_path):
    page = tmp_path / "bad.html"
    failing("--html", page)
    shown = dom(page, tmp_path, """
        element("filter").value = "submitted write";
        applyFilter();
        document.title = "rows " + view.map(index => story.rows[index][4]).join("; ");""")
    assert re.search(r"<title>rows SUBMITTED write on store 0 blocks 0\.\.7(; SUBMITTED write[^;]*)*"
                     r"</title>", shown)
    shown = dom(page, tmp_path, "toFault();")
    assert re.search(r"<h2>FAULT disk\.hang", shown)


def test_nothing_in_a_title_is_markup(run, tmp_path):
    scenario = tmp_path / "x.scn"
    scenario.write_text('scenario "</script><img src=x>"\ntarget t0 { lun 0 disk 1MiB }\n'
                        "initiator a -> t0\nat 0 a login\n")
    page = tmp_path / "x.html"
    assert run("sim", scenario, "--html", page).returncode == 0
    assert "<img" not in page.read_text()
    shown = dom(page, tmp_path)
    assert "&lt;/script&gt;&lt;img src=x&gt;</h1>" in shown


@pytest.mark.parametrize("arguments, said", [
    (["--seeds", "1..2", "--ladder"], "--ladder is for one seed"),
    (["--seeds", "1..2", "--html", "x"], "--html is for one seed")])
def test_usage(run, arguments, said):
    result = run("sim", *arguments)
    assert result.returncode == 2 and said in result.stderr


def test_a_page_that_cannot_be_written(run, tmp_path):
    result = run("sim", "--seed", "1", "--html", tmp_path / "no" / "x.html")
    assert result.returncode == 3 and "cannot be written" in result.stderr
    result = run("sim", "--seed", "1", "--html", "/dev/full")
    assert result.returncode == 3 and "cannot be written" in result.stderr

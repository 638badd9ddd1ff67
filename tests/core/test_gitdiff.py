"""Git's diffs, as git really prints them."""

from __future__ import annotations

from dragoman.core.gitdiff import parse_diff

HEAD = "diff --git a/{0} b/{0}\nindex 1111111..2222222 100644\n--- a/{0}\n+++ b/{0}\n"


def test_lines_have_their_new_numbers():
    """Context and new lines are numbered as in the new file; removed ones have no number."""
    (file,) = parse_diff(HEAD.format("a.py") + "@@ -1,3 +1,3 @@\n one\n-two\n+zwei\n three\n")
    assert [(line.mark, line.number, line.text) for line in file.lines] == [
        (" ", 1, "one"),
        ("-", None, "two"),
        ("+", 2, "zwei"),
        (" ", 3, "three"),
    ]
    assert file.numbered() == "1   one\n  - two\n2 + zwei\n3   three\n"


def test_hunks_and_files():
    """Several hunks of several files come in their order, with a mark where lines are missing between hunks."""
    first, second = parse_diff(
        HEAD.format("a") + "@@ -1 +1 @@\n-x\n+y\n@@ -9 +9,2 @@ f()\n z\n+w\n" + HEAD.format("b") + "@@ -0,0 +1 @@\n+n\n"
    )
    assert (first.path, second.path) == ("a", "b")
    assert first.numbered() == "   - x\n 1 + y\n     ⋮\n 9   z\n10 + w\n"
    assert second.numbered() == "1 + n\n"


def test_what_looks_like_a_head_inside_a_hunk_is_a_line():
    """A removed line that begins with two dashes, or an added one with two pluses, is no file name."""
    (file,) = parse_diff(HEAD.format("q.sql") + "@@ -1,2 +1,2 @@\n--- old comment\n+++ new\n x\n")
    assert [(line.mark, line.text) for line in file.lines] == [("-", "-- old comment"), ("+", "++ new"), (" ", "x")]


def test_a_deleted_file_keeps_its_old_name():
    """A file that is gone is told by its old path, and says so."""
    (file,) = parse_diff("diff --git a/o b/o\ndeleted file mode 100644\n--- a/o\n+++ /dev/null\n@@ -1 +0,0 @@\n-x\n")
    assert (file.path, file.deleted) == ("o", True)
    assert file.numbered() == "  - x\n"


def test_odd_names():
    """Names that git quotes, and names with blanks, come out as they are on the disk."""
    quoted = 'diff --git "a/x" "b/x"\n--- "a/x"\n+++ "b/na\\303\\257ve\\n\\"q\\".py"\n@@ -1 +1 @@\n-x\n+y\n'
    blank = "diff --git a/a b b/a b\n--- a/a b\t\n+++ b/a b\t\n@@ -1 +1 @@\n-x\n+y\n"
    assert [file.path for file in parse_diff(quoted + blank)] == ['naïve\n"q".py', "a b"]


def test_what_has_no_lines_is_left_out():
    """Binary files, renames without a change, and no diff at all hold nothing to read."""
    binary = "diff --git a/i.png b/i.png\nindex 1..2\nBinary files a/i.png and b/i.png differ\n"
    renamed = "diff --git a/x b/y\nsimilarity index 100%\nrename from x\nrename to y\n"
    assert parse_diff(binary + renamed) == ()
    assert parse_diff("") == ()


def test_no_final_newline():
    """Git's remark about a missing final newline is no line of the file."""
    (file,) = parse_diff(HEAD.format("a") + "@@ -1 +1 @@\n-x\n\\ No newline at end of file\n+y\n")
    assert [line.text for line in file.lines] == ["x", "y"]

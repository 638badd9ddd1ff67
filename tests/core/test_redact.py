"""Secrets are hidden from models and put back; what only looks like one stays."""

from __future__ import annotations

import random
import string
from collections import Counter

import pytest

from dragoman.core.redact import INSTRUCTION, Finding, Restorer, Table, mangled, redact, restore
from dragoman.core.redact_rules import PLACES, TOKENS, VALUE, Noun
from hostile_texts import hostile_texts
from planted_secrets import KINDS, leaks, planted


def _made_up(letters, length, seed=0):
    return "".join(random.Random(seed).choices(letters, k=length))


ALNUM = string.ascii_letters + string.digits
TOKEN = "ghp_" + _made_up(ALNUM, 36)
OTHER = "glpat-" + _made_up(ALNUM, 20)


def test_a_token_becomes_a_placeholder_and_comes_back():
    """A token is replaced by a word that says what it is, and restored."""
    text = f'client = Client(token="{TOKEN}")\n'
    redacted = redact(text)
    assert redacted.text == 'client = Client(token="REDACTED_1_TOKEN")\n'
    assert redacted.findings == (Finding("GitHub token", 1),)
    assert restore(redacted.text, redacted.table) == text


def test_the_same_secret_has_the_same_placeholder_in_all_messages():
    """One table over several texts gives one placeholder for one secret, and does not grow by repeats."""
    first = redact(f"a = '{TOKEN}'\nb = '{OTHER}'\nc = '{TOKEN}'\n")
    assert first.text == "a = 'REDACTED_1_TOKEN'\nb = 'REDACTED_2_TOKEN'\nc = 'REDACTED_1_TOKEN'\n"
    second = redact(f"{OTHER} and {TOKEN}", table=first.table)
    assert second.text == "REDACTED_2_TOKEN and REDACTED_1_TOKEN"
    assert second.table == first.table


def test_a_secret_that_was_found_once_is_hidden_wherever_it_stands():
    """What one place gives away is hidden in the others too, in this text and in later ones."""
    secret = _made_up(ALNUM, 12) + "!7aB"
    redacted = redact(f'print("{secret}")\npassword = "{secret}"\n')
    assert redacted.text == 'print("REDACTED_1_PASSWORD")\npassword = "REDACTED_1_PASSWORD"\n'
    assert redact(f"why is {secret} refused?", table=redacted.table).text == "why is REDACTED_1_PASSWORD refused?"


def test_known_secrets_are_replaced_exactly():
    """A secret that the caller knows is hidden though no rule would find it; a short one is none."""
    redacted = redact("say open sesame now, none", known=["open sesame", "none", ""])
    assert redacted.text == "say REDACTED_1_SECRET now, none"
    assert redacted.findings == (Finding("known secret", 1),)


def test_findings_say_what_and_where_and_never_the_secret():
    """A finding names kind and line; neither it nor the table shows the secret in its repr."""
    redacted = redact(f"one\r\ntwo\rthree {TOKEN}\n\n{TOKEN}")
    assert redacted.findings == (Finding("GitHub token", 3), Finding("GitHub token", 5))
    assert TOKEN not in repr(redacted)
    assert TOKEN not in repr(redacted.table)


def test_what_looks_like_a_placeholder_already_comes_back_as_it_was():
    """Text of the person that is a placeholder's double is not taken for one, and is no finding."""
    text = f"REDACTED_1_TOKEN {TOKEN} redacted-1 REDACTED_2_KEYS"
    redacted = redact(text)
    assert restore(redacted.text, redacted.table) == text
    assert [finding.kind for finding in redacted.findings] == ["GitHub token"]


def test_a_mangled_placeholder_is_told():
    """A placeholder that the model changed or invented is named; a right one is not."""
    table = redact(f"{TOKEN} {OTHER}").table
    assert mangled("x = REDACTED_1_TOKEN + REDACTED_2_TOKEN", table) == ()
    assert mangled("redacted_1_token REDACTED_3_KEY, REDACTED_TOKEN_1", table) == (
        "redacted_1_token",
        "REDACTED_3_KEY",
        "REDACTED_TOKEN_1",
    )


def test_a_list_of_secrets_is_hidden_from_some_place_on():
    """Where secret follows secret without end, the rest is hidden as one, and all of it comes back."""
    secrets = ["ghp_" + _made_up(ALNUM, 36, seed) for seed in range(2000)]
    text = "\n".join(secrets)
    redacted = redact(text)
    assert restore(redacted.text, redacted.table) == text
    assert not any(secret in redacted.text for secret in secrets)
    assert len(redacted.table.placeholders) < 1000


def test_nothing_is_made_of_a_text_without_secrets():
    """Where there is nothing to hide, the text and the table are those that were given."""
    table = Table()
    redacted = redact("def f():\n    return 1\n", table=table)
    assert redacted.text == "def f():\n    return 1\n"
    assert redacted.table is table
    assert restore("REDACTED_1_TOKEN", table) == "REDACTED_1_TOKEN"


def test_no_placeholder_can_be_read_in_two_ways():
    """No end of a placeholder is the beginning of one, and no noun begins another."""
    for noun in Noun:
        placeholder = f"REDACTED_1_{noun}"
        assert not any(placeholder.endswith("REDACTED_"[:length]) for length in range(1, 10))
        assert not any(other.startswith(noun) for other in Noun if other is not noun)
    assert INSTRUCTION.isascii()


def test_a_restorer_holds_back_no_more_than_it_must():
    """Only what may be a placeholder's beginning waits for the next piece."""
    restorer = Restorer(redact(TOKEN).table)
    assert restorer.feed("x = 'RED") == "x = '"
    assert restorer.feed("ACTED") == ""
    assert restorer.feed("_1_TOK") == ""
    assert restorer.feed("EN") == TOKEN
    assert restorer.feed("; RE") == "; "
    assert restorer.feed("AD") == "READ"
    assert restorer.feed("R") == ""
    assert restorer.close() == "R"


@pytest.mark.parametrize(
    "text",
    [
        'api_key = "your-api-key-here"',
        'api_key = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"',
        'password = "changeme"',
        'password = "********"',
        'password: "<password>"',
        'token = "ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"',
        "AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE",
        'key = os.environ["OPENAI_API_KEY"]',
        "const token = process.env.GITHUB_TOKEN2;",
        'password = os.getenv("DB_PASSWORD_V2")',
        "password: ${{ secrets.DB_PASSWORD1 }}",
        "DATABASE_URL=postgres://user:password@localhost/db",
        "DATABASE_URL=postgres://user:${DB_PASSWORD}@localhost/db",
        'url = f"https://{user}:{password}@{host}/"',
        "secret: {{ .Values.secretKey2 }}",
        'integrity "sha512-{sha512}"',
        "commit = '{sha1}'",
        "resolved-ref: {sha1}",
        'id = "{uuid}"',
        'src="data:image/png;base64,{base64}"',
        'token_type = "Bearer2Token"',
        'secret_name = "prod/db/main-2"',
        "self.token = next_token2(stream)",
        "password = self.password_field2.text()",
        'PUBLIC_KEY = "{base64}"',
        'SECRET_KEY_FILE = "/run/secrets/key2"',
        'hash_key = "sha256-with-rsa"',
        "def login(user: str, password: str = None, token: Token2 = None) -> Session:",
        'if "-----BEGIN PRIVATE KEY-----" in text:\n    return parse_a_private_key_of_some_kind_or_other(text)\n',
        "keys = [12345678901234567890, 98765432109876543210]",
        "!function(e,t){var n=e.key,r=t.token;return n(r)}(a1,b2);",
        "for (const key of Object.keys(tokens)) { secret[key] = tokens[key]; }",
        'assert verify_password("not-checked") is False',
        "docker run -u 1000:1000 -p 8080:8080 image",
    ],
)
def test_what_is_no_secret_stays(text):
    """Examples, look-ups, templates, hashes, ids, pictures and plain code are left as they are."""
    for name, value in {
        "{sha512}": _made_up(ALNUM + "+/", 86) + "==",
        "{sha1}": _made_up("0123456789abcdef", 40),
        "{uuid}": "3f2504e0-4f89-41d3-9a0c-0305e82c3301",
        "{base64}": _made_up(ALNUM + "+/", 200),
    }.items():
        text = text.replace(name, value)
    assert redact(text).text == text


@pytest.mark.parametrize(
    "text",
    [
        "const client = new Client({ apiKey: process.env.KEY || '<>' })",
        'key = os.environ.get("API_KEY") or "<>"',
        "jwt.sign(payload, '<>')",
        "hmac.new(b'<>', message, sha256)",
        "app.secret_key = b'<>'",
        'encryptionKey := []byte("<>")',
        "const secret = Buffer.from('<>', 'utf8');",
        "signing_key = (\n    '<>'\n)",
        "client_secret: >-\n  <>\n",
        "auth: { user: 'a', pass: '<>' }",
        "credentials = {'user': 'a', 'pw': '<>'}",
        "ENV POSTGRES_PASSWORD <>\n",
        'setx SECRET "<>"',
        "$env:API_KEY = '<>'",
        "X-Api-Key: <>\n",
        "https://api.example.org/v1?api_key=<>&q=1",
        "kubectl create secret generic db --from-literal=password=<>",
        '<property name="password" value="<>"/>',
        r"print('\nlogin:\token = \"<>\"')",
    ],
)
def test_a_secret_is_hidden_where_people_put_it(text):
    """A random value is hidden in all the ways of giving it to a program."""
    secret = _made_up(ALNUM, 32, seed=7)
    assert redact(text.replace("<>", secret)).text == text.replace("<>", _only_placeholder(text, secret))


def _only_placeholder(text, secret):
    (placeholder,) = redact(text.replace("<>", secret)).table.placeholders
    return placeholder


def test_nearly_every_planted_secret_is_hidden():
    """Of secrets of many kinds in files as people write them, hardly any is left, and of no kind many."""
    files, missed = Counter(), Counter()
    for file in planted(seed=3, rounds=6):
        redacted = redact(file.text)
        assert restore(redacted.text, redacted.table) == file.text
        files[file.kind] += 1
        missed[file.kind] += leaks(file.secret, redacted.text)
    assert len(files) == len(KINDS) >= 60
    assert missed.total() <= files.total() * 0.02
    assert max(missed.values()) <= 3, missed.most_common(3)


def test_a_secret_is_hidden_in_a_file_with_many_lines():
    """What surrounds a planted secret changes nothing about it."""
    around = "def f(a, b):\n    return {'key': a, 'token': b}\n\n\n" * 50
    for file in planted(seed=4, rounds=1):
        redacted = redact(around + file.text + around)
        assert not leaks(file.secret, redacted.text), file
        assert len(redacted.text) > 2 * len(around)


def test_every_repeat_in_a_rule_has_an_end():
    """No pattern can read on without bound from one place: that is what bounds the time for hostile texts."""
    for pattern in (VALUE, *(rule.pattern for rule in (*TOKENS, *PLACES))):
        outside = _without_classes(pattern.pattern)
        assert "*" not in outside, pattern.pattern
        assert "+" not in outside.replace("}+", "}"), pattern.pattern
        assert ",}" not in outside, pattern.pattern


def _without_classes(pattern):
    """The pattern without its escapes and its sets of characters."""
    kept, inside, at = [], False, 0
    while at < len(pattern):
        character = pattern[at]
        if character == "\\":
            at += 2
            continue
        if inside:
            inside = character != "]"
        elif character == "[":
            inside = True
        else:
            kept.append(character)
        at += 1
    return "".join(kept)


def test_every_hostile_text_is_redacted_and_restored():
    """Texts that are made to take long come back as they were."""
    for name, text in hostile_texts(400):
        redacted = redact(text)
        assert restore(redacted.text, redacted.table) == text, name

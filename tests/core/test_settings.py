"""What layers of settings become, and what is said about what is wrong in them."""

import pytest

from dragoman.core.intent import Intent
from dragoman.core.settings import Settings
from dragoman.core.settings_layers import (
    Layer,
    editor_layer,
    environment_layers,
    parse_assignment,
    toml_layer,
)
from dragoman.core.settings_parse import parse

PRESETS = {"ollama": "ollama", "anthropic": "anthropic", "openai": "openai", "xai": "openai", "mistral": "openai"}
DIALECTS = ("anthropic", "ollama", "openai")
KEY = "sk-ant-api03-Zt9pQ4mW7xKe2LrB"


def read(*layers):
    """What the layers make, with a few presets."""
    return parse(layers, presets=PRESETS, dialects=DIALECTS)


def toml(text, source="config.toml", **about):
    """A file's layer."""
    return toml_layer(source, text, **about)


def said(*layers):
    """The problems as the person reads them."""
    return [str(problem) for problem in read(*layers).problems]


def test_nothing_set_is_the_defaults():
    """Without any layer the defaults are in effect, with no problem and no source."""
    effective = read()
    assert effective.settings == Settings()
    assert effective.problems == ()
    assert effective.sources == {}


def test_whole_vocabulary_in_effect():
    """Every setting that is in effect can be set, and is then in effect without a word."""
    effective = read(
        toml("""
        [routing]
        selection = "priority"
        prefer_local_for = ["code"]
        fallback_order = ["openai", "my-server"]
        [routing.intents]
        tests = ["mistral"]
        [providers.ollama]
        enabled = false
        endpoints = ["http://localhost:11434", "http://gpu-box:11434"]
        model = "qwen2.5-coder:7b"
        models.tests = "other"
        keep_alive = "5m"
        inline_model = "qwen2.5-coder:1.5b"
        num_ctx = 8192
        max_in_flight = 1
        timeouts.first_token = 90
        [providers.anthropic]
        api_key = "env:WORK_ANTHROPIC_KEY"
        base_url = "https://proxy.example/anthropic"
        max_tokens = 4096
        temperature = 0.2
        requests_per_minute = 50
        tokens_per_minute = 40000
        [providers.openai]
        api_key = "keyring"
        organization = "org-1"
        [providers.my-server]
        dialect = "openai"
        base_url = "http://127.0.0.1:8080/v1"
        local = true
        [timeouts]
        connect = 2.5
        first_token = 30
        silence = 10
        total = 100
        [retry]
        max_retries = 0
        base_delay_ms = 10
        max_delay_ms = 20
        max_retry_after_s = 0
        [health]
        failure_threshold = 5
        timeout_ms = 100
        [cache]
        enabled = false
        ttl_s = 60
        max_entries = 5
        max_bytes = 100_000
        memory_entries = 0
        semantic = true
        semantic_threshold = 0.9
        [context]
        max_tokens = 1000
        instructions = ["NOTES.md"]
        [privacy]
        redact = false
        local_only = ["src/crypto/**"]
        audit = "metadata"
        [edits]
        check_syntax = false
        [inline]
        enabled = false
        debounce_ms = 100
        as_completion = true
        [answers]
        hover = false
        page = true
        [lenses]
        enabled = true
        """)
    )
    settings = effective.settings
    assert effective.problems == ()
    assert settings.routing.prefer_local_for == (Intent.CODE,)
    assert settings.routing.intents[Intent.TESTS] == ("mistral",)
    assert settings.providers["ollama"].endpoints == ("http://localhost:11434", "http://gpu-box:11434")
    assert settings.providers["ollama"].models == {Intent.TESTS: "other"}
    assert settings.providers["anthropic"].api_key == "env:WORK_ANTHROPIC_KEY"
    assert settings.providers["my-server"].local is True
    assert settings.timeouts.connect == 2.5
    assert settings.retry.max_retries == 0
    assert settings.edits.check_syntax is False
    assert settings.lenses.enabled is True
    assert (settings.privacy.redact, settings.privacy.local_only) == (False, ("src/crypto/**",))
    assert settings.privacy.audit == "metadata"
    assert (settings.answers.hover, settings.answers.page) == (False, True)
    assert set(effective.sources.values()) == {"config.toml"}
    assert effective.sources["providers.ollama.timeouts.first_token"] == "config.toml"


def test_later_layer_wins_key_by_key():
    """A later layer replaces single values and lists, and leaves the rest of a table alone."""
    effective = read(
        toml('[timeouts]\nconnect = 1\nsilence = 2\n[routing]\nprefer_local_for = ["code", "tests"]', "user"),
        toml('[timeouts]\nsilence = 3\n[routing]\nprefer_local_for = ["regex"]', "editor"),
    )
    assert (effective.settings.timeouts.connect, effective.settings.timeouts.silence) == (1, 3)
    assert effective.settings.routing.prefer_local_for == (Intent.REGEX,)
    assert effective.sources["timeouts.connect"] == "user"
    assert effective.sources["timeouts.silence"] == "editor"


def test_intents_table_is_merged():
    """One row of the intents' table can be set while the others keep their defaults."""
    effective = read(toml('[routing.intents]\ncode = ["xai"]\nanalysis = ["openai"]'))
    assert effective.settings.routing.intents == {
        Intent.CODE: ("xai",),
        Intent.ANALYSIS: ("openai",),
        Intent.EXPLANATION: ("anthropic", "openai"),
    }


def test_wrong_value_leaves_the_earlier_layers_value():
    """A wrong value in a later layer does not undo a right one in an earlier layer."""
    effective = read(toml("timeouts.connect = 7"), toml('timeouts.connect = "fast"', "editor"))
    assert effective.settings.timeouts.connect == 7
    assert len(effective.problems) == 1


def test_provider_time_limits_stand_over_the_general_ones():
    """A provider's own time limits replace single ones of the general limits, whichever layer came first."""
    effective = read(toml("providers.ollama.timeouts.first_token = 90"), toml("timeouts.connect = 2"))
    own = effective.settings.providers["ollama"].timeouts
    assert own is not None
    assert (own.first_token, own.connect) == (90, 2)


def test_empty_provider_table_names_the_provider():
    """A provider's table without any setting still says that it is wanted."""
    assert "xai" in read(toml("[providers.xai]")).settings.providers


def test_null_is_not_set():
    """An editor's null sets nothing and is no problem."""
    effective = read(
        editor_layer("editor", {"timeouts": {"connect": None}, "routing": None, "providers": {"xai": None}})
    )
    assert effective.problems == ()
    assert effective.settings.timeouts == Settings().timeouts


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            '\n\n[routing]\n\n\n\nfallbak_order = ["ollama"]',
            "config.toml line 7: unknown key routing.fallbak_order; did you mean routing.fallback_order?",
        ),
        ("fallbackOrder = []", "unknown key fallbackOrder; did you mean routing.fallback_order?"),
        ("max_retries = 1", "line 1: unknown key max_retries; did you mean retry.max_retries?"),
        ("[timeout]\nconnect = 1", "line 1: unknown key timeout; did you mean timeouts?"),
        ("[budgt]\ndaily_usd = 1", "unknown key budgt; did you mean budget?"),
        (
            "[providers.ollama]\nconnect = 3",
            "line 2: unknown key providers.ollama.connect; did you mean providers.ollama.timeouts.connect?",
        ),
        ("zzz = 1", "config.toml line 1: unknown key zzz"),
        ('"a\\nb" = 1', 'unknown key "a\\nb"'),
        ('timeouts.connect = "five"', 'timeouts.connect = "five": wants a number of seconds above 0 up to 86400'),
        ("timeouts.connect = 0", "timeouts.connect = 0: wants a number of seconds above 0"),
        ("timeouts.connect = nan", "timeouts.connect: wants a number of seconds above 0"),
        ("timeouts.connect = true", "timeouts.connect = true: wants a number"),
        ("timeouts.connect = 2024-01-01", "timeouts.connect: wants a number"),
        ('timeouts.connect = "5"', 'timeouts.connect = "5": wants a number'),
        ("retry.max_retries = 21", "retry.max_retries = 21: wants a whole number from 0 up to 20"),
        ("retry.max_retries = 1.5", "retry.max_retries = 1.5: wants a whole number"),
        (f"retry.max_retries = 0x{'f' * 6000}", "retry.max_retries: wants a whole number"),
        ("edits.check_syntax = 1", "edits.check_syntax = 1: wants true or false"),
        ('routing.fallback_order = "ollama"', 'routing.fallback_order = "ollama": wants a list of texts'),
        ('routing.prefer_local_for = ["cod"]', 'wants a list, each item one of "code", "tests", "regex"'),
        (
            'routing.selection = "best"',
            'routing.selection = "best": wants one of "priority", "round_robin"',
        ),
        ("[routing.intents]\nanalisys = []", "line 2: routing.intents.analisys: the intents are code, tests"),
        ("timeouts = 5", "timeouts wants a table of settings"),
        ("providers = []", "providers wants a table of settings"),
        ("providers.xai = 3", "providers.xai wants a table of settings"),
        ('[providers."a b"]', "a name is made of letters, digits"),
        ('providers.xai.model = ""', 'providers.xai.model = "": wants text'),
        ('providers.xai.base_url = "localhost"', "providers.xai.base_url: wants an address such as"),
    ],
)
def test_problem_names_the_key_and_what_is_wanted(text, message):
    """A wrong key or value is named with its line, what is wanted, and what was probably meant, in one line."""
    (problem,) = said(toml(text))
    assert message in problem
    assert "\n" not in problem


def test_everything_beside_a_wrong_key_stays_in_effect():
    """What stands beside wrong keys and values is in effect as if they were not there."""
    effective = read(toml('[timeouts]\nconect = 1\nsilence = "x"\ntotal = 50\n[retry]\nmax_retries = 1'))
    assert effective.settings.timeouts.total == 50
    assert effective.settings.retry.max_retries == 1
    assert len(effective.problems) == 2


@pytest.mark.parametrize(
    "options", [[], "text", 5, {"timeouts": []}, {"routing": {"intents": "x"}}, {"providers": {"xai": []}}]
)
def test_editor_that_sends_no_table_is_told(options):
    """An editor's layer that is no table, or holds something else where a table belongs, is one problem."""
    effective = read(editor_layer("editor", options))
    assert len(effective.problems) == 1
    assert "wants a table of settings" in str(effective.problems[0])
    assert effective.settings == Settings()


class TestKeysOfProviders:
    @pytest.mark.parametrize(
        "value", [KEY, f"env:{KEY}", "env:", "env:A B", "a1b2c3d4e5f6a1b2c3d4e5f6", "env:a1b2c3d4e5f6a1b2c3d4e5f6"]
    )
    def test_key_itself_is_refused_without_being_repeated(self, value):
        """A key in the settings is refused, and is in no message and no repr."""
        layer = toml(f'[providers.anthropic]\napi_key = "{value}"')
        effective = read(layer)
        (problem,) = effective.problems
        places = "env:NAME, keyring, vault or cmd:COMMAND"
        told = f"providers.anthropic.api_key must say where the key is ({places}), never the key itself"
        assert told in str(problem)
        assert problem.line == 2
        assert value.removeprefix("env:") not in str(problem) or value == "env:"
        assert KEY not in repr((layer, effective))
        assert effective.settings.providers["anthropic"].api_key is None

    def test_key_in_a_wrong_place_is_not_repeated(self):
        """A key that stands where something else belongs is not repeated either."""
        text = f"""
        token = "{KEY}"
        timeouts.connect = "{KEY}"
        retry = "{KEY}"
        edits.check_syntax = ["{KEY}"]
        providers.xai.base_url = "https://me:pw-{KEY}@host/v1"
        providers.mistral.endpoints = ["https://host/v1?key={KEY}"]
        providers.xai.dialect = "{KEY}"
        routing.prefer_local_for = ["{KEY}"]
        """
        layer = toml(text)
        effective = read(layer)
        assert len(effective.problems) == 8
        assert KEY not in repr((layer, effective))
        assert not any(KEY in str(problem) for problem in effective.problems)

    def test_name_of_a_variable_is_recognised(self):
        """A bare variable's name is answered with the reference that was meant."""
        (problem,) = read(toml('providers.xai.api_key = "XAI_API_KEY"')).problems
        assert problem.suggestion == "env:XAI_API_KEY"

    @pytest.mark.parametrize("value", ["keyring", "vault", "env:A_KEY", "cmd:op read 'op://a b/c'", "cmd: pass show x"])
    def test_places_of_a_key(self, value):
        """Each way to name a key's place is taken as it is."""
        effective = read(toml(f'providers.xai.api_key = "{value}"'))
        assert effective.settings.providers["xai"].api_key == value
        assert effective.problems == ()

    @pytest.mark.parametrize("key", ["api_key", "client_secret"])
    @pytest.mark.parametrize(
        "options",
        [
            lambda row: {"providers": {"xai": row}},
            lambda row: {"providers.xai": row},
            lambda row: {"dragoman": {"providers": {"xai": row}}},
        ],
    )
    def test_an_editor_names_no_command(self, key, options):
        """What an editor sends may come from a project's folder, so it can't name a command; other places it can."""
        source = "the editor's settings"
        refused = read(editor_layer(source, options({key: "cmd:curl https://evil.example"})))
        assert getattr(refused.settings.providers.get("xai"), key, None) is None
        (problem,) = map(str, refused.problems)
        assert "put it into your own config.toml" in problem
        assert "evil" not in problem
        taken = read(editor_layer(source, options({key: "keyring"})))
        assert getattr(taken.settings.providers["xai"], key) == "keyring"

    def test_an_editor_lets_no_tests_run_unasked(self):
        """What an editor sends may come from a project's folder, so it can't take away the question."""
        refused = read(editor_layer("the editor's settings", {"tests.run": "always"}))
        assert refused.settings.tests.run == "ask"
        assert "put it into your own config.toml" in str(refused.problems[0])
        assert read(editor_layer("the editor's settings", {"tests": {"run": "never"}})).settings.tests.run == "never"
        assert read(toml('[tests]\nrun = "always"')).settings.tests.run == "always"

    @pytest.mark.parametrize("value", ["cmd:", "cmd: ", "cmd:  x", "cmd:a\\nb", "vaults", "cmd"])
    def test_what_is_no_place_of_a_key(self, value):
        """An empty command, one over several lines, and words that are near a place are refused."""
        effective = read(toml(f'providers.xai.api_key = "{value}"'))
        assert effective.settings.providers["xai"].api_key is None
        assert "never the key itself" in str(effective.problems[0])


class TestProvidersThatCannotBeAsked:
    def test_typo_in_a_presets_name(self):
        """A provider that is near a preset's name is named with it, and left out with all its keys."""
        effective = read(toml('[providers.antropic]\nmodel = "x"\napi_key = "keyring"'))
        (problem,) = effective.problems
        assert str(problem).endswith("did you mean anthropic?")
        assert problem.line == 1
        assert effective.settings.providers == {}
        assert effective.sources == {}

    def test_own_server_without_address(self):
        """A server of one's own that has a dialect but no address wants one."""
        effective = read(toml('[providers.mine]\ndialect = "openai"'))
        assert "providers.mine wants base_url" in str(effective.problems[0])
        assert effective.settings.providers == {}

    def test_unknown_dialect(self):
        """A dialect that nobody speaks is named with those that there are."""
        (problem,) = said(toml('[providers.mine]\ndialect = "opneai"\nbase_url = "http://h"'))
        assert "wants one of anthropic, ollama, openai; did you mean openai?" in problem

    @pytest.mark.parametrize("name", ["google", "vertex"])
    def test_provider_by_its_vendors_name(self, name):
        """Who calls a provider by another of its names is told its own."""
        (problem,) = read(toml(f'[providers.{name}]\nmodel = "x"')).problems
        assert "did you mean gemini?" in str(problem)

    def test_names_of_nobody_in_the_routing_are_passed_over(self):
        """Names of no provider are taken out of the routing's lists, one by one, and named."""
        effective = read(
            toml("""
            [routing]
            fallback_order = ["olama", "mine", "vertex", "ollama"]
            intents.code = ["broken", "xai"]
            [providers.mine]
            dialect = "openai"
            base_url = "http://h"
            [providers.broken]
            """)
        )
        assert effective.settings.routing.fallback_order == ("mine", "ollama")
        assert effective.settings.routing.intents[Intent.CODE] == ("xai",)
        messages = sorted(str(problem) for problem in effective.problems)
        assert len(messages) == 3
        assert "providers.broken is no known provider" in messages[0] + messages[1] + messages[2]
        assert any('no provider is called "olama"; did you mean ollama?' in message for message in messages)
        assert any('no provider is called "vertex"; did you mean gemini?' in message for message in messages)


class TestValuesAtOdds:
    @pytest.mark.parametrize(
        ("text", "keys"),
        [
            ("timeouts.first_token = 200", ("timeouts.first_token (200)", "timeouts.total (180)")),
            ("timeouts.total = 10", ("timeouts.silence (20)", "timeouts.total (10)")),
            ("retry.base_delay_ms = 70000", ("retry.base_delay_ms (70000)", "retry.max_delay_ms (60000)")),
            (
                "providers.ollama.timeouts.silence = 300",
                ("providers.ollama.timeouts.silence (300)", "providers.ollama.timeouts.total (180)"),
            ),
            (
                'providers.xai.base_url = "http://a"\nproviders.xai.endpoints = ["http://b"]',
                ("providers.xai.base_url", "providers.xai.endpoints"),
            ),
            ("providers.xai.num_ctx = 5", ("providers.xai.num_ctx", "it is for ollama and local alone")),
            ('providers.xai.deployments."gpt-4.1" = "d"', ("providers.xai.deployments", "it is for azure alone")),
            (
                'providers.ollama.organization = "x"',
                ("providers.ollama.organization", "it is for openai and openai-responses alone"),
            ),
        ],
    )
    def test_both_keys_are_named(self, text, keys):
        """Values that can't work together are named with both keys, at the line of one that was set."""
        problems = read(toml(text)).problems
        assert any(all(key in str(problem) for key in keys) for problem in problems)
        assert all(problem.line for problem in problems)

    def test_defaults_are_at_peace(self):
        """Limits that fit each other are no problem."""
        assert read(toml("timeouts.total = 20\ntimeouts.first_token = 20\nretry.max_delay_ms = 1000")).problems == ()


class TestAzure:
    def test_everything_of_azure(self):
        """A resource's address or the variable that holds it, a version, deployments by model."""
        text = """
            [providers.azure]
            endpoint = "env:AZURE_OPENAI_ENDPOINT"
            api_version = "2024-10-21"
            [providers.azure.deployments]
            "gpt-4.1" = "team-gpt"
            "o4-mini" = "small"
            """
        effective = parse((toml(text),), presets={"azure": "azure"}, dialects=("azure",))
        azure = effective.settings.providers["azure"]
        assert azure.endpoint == "env:AZURE_OPENAI_ENDPOINT"
        assert azure.api_version == "2024-10-21"
        assert azure.deployments == {"gpt-4.1": "team-gpt", "o4-mini": "small"}
        assert not [problem for problem in effective.problems if problem.key.startswith("providers")]

    def test_later_deployments_come_beside_earlier_ones(self):
        """Tables are merged model by model."""
        first = toml('providers.azure.deployments = { a = "x", b = "y" }')
        layers = (first, parse_assignment("providers.azure.deployments.b=z"))
        effective = parse(layers, presets={"azure": "azure"}, dialects=("azure",))
        assert effective.settings.providers["azure"].deployments == {"a": "x", "b": "z"}

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ('endpoint = "team.openai.azure.com"', "endpoint: wants an address"),
            ('endpoint = "https://key@team.openai.azure.com"', "endpoint: wants an address"),
            ('api_version = "2024 &x=1"', "api_version"),
            ('deployments = { "a b" = "x" }', "this is no model's name"),
            ("deployments = { a = 5 }", "wants text"),
            ('deployments = "x"', "wants a table"),
        ],
    )
    def test_wrong_values_are_named(self, text, words):
        """What can't be an address, a version or a deployment is dropped alone; what may hide a key is not repeated."""
        layer = toml(f"[providers.azure]\n{text}")
        problems = parse((layer,), presets={"azure": "azure"}, dialects=("azure",)).problems
        (problem,) = [problem for problem in problems if problem.key.startswith("providers")]
        assert words in str(problem)
        assert "key@" not in str(problem)
        assert problem.line == 2


class TestUntrustedProject:
    def test_may_ask_for_its_own_texts_and_less_context(self):
        """A foreign project may name its own text files as instructions, and lower the context's budget."""
        effective = read(
            toml(
                '[context]\nmax_tokens = 500\ninstructions = ["docs/AI.md", ".cursorrules"]',
                ".dragoman.toml",
                trusted=False,
            )
        )
        assert effective.problems == ()
        assert effective.settings.context.max_tokens == 500
        assert effective.settings.context.instructions == ("docs/AI.md", ".cursorrules")

    @pytest.mark.parametrize(
        "text",
        [
            'providers.anthropic.base_url = "https://evil.example"',
            'providers.anthropic.api_key = "env:AWS_SECRET_KEY"',
            'providers.evil = { dialect = "openai", base_url = "https://evil.example" }',
            'routing.fallback_order = ["openai"]',
            "routing.prefer_local_for = []",
            "timeouts.total = 1",
            "edits.check_syntax = false",
            "privacy.redact = false",
            "privacy.local_only = []",
            "context.max_tokens = 6001",
            'context.instructions = ["../../.ssh/notes.md"]',
            'context.instructions = ["/etc/motd.txt"]',
            'context.instructions = ["~/notes.md"]',
            'context.instructions = ["C:\\\\notes.md"]',
            'context.instructions = ["..\\\\notes.md"]',
            'context.instructions = [".env"]',
            'context.instructions = ["README.md", "id_rsa"]',
        ],
    )
    def test_may_set_nothing_that_could_do_harm(self, text):
        """What a foreign project may not set is refused by name and changes nothing."""
        effective = read(toml(text, ".dragoman.toml", trusted=False))
        assert effective.settings == Settings()
        assert effective.problems
        assert all("untrusted project" in str(problem) for problem in effective.problems)

    def test_budget_of_the_person_is_the_measure(self):
        """A foreign project may not raise the budget above what the person has set."""
        effective = read(toml("context.max_tokens = 1000"), toml("context.max_tokens = 2000", "project", trusted=False))
        assert effective.settings.context.max_tokens == 1000


class TestOtherSources:
    def test_environment_is_text(self):
        """Variables are typed by what the setting wants: numbers, switches, lists with commas, JSON."""
        effective = read(
            *environment_layers(
                {
                    "DRAGOMAN_TIMEOUTS__CONNECT": " 2.5 ",
                    "DRAGOMAN_EDITS__CHECK_SYNTAX": "false",
                    "DRAGOMAN_ROUTING__FALLBACK_ORDER": "xai, ollama",
                    "DRAGOMAN_ROUTING__PREFER_LOCAL_FOR": '["code"]',
                    "DRAGOMAN_ROUTING__INTENTS__TESTS": "mistral",
                    "DRAGOMAN_PROVIDERS__XAI": '{"model": "5"}',
                    "DRAGOMAN_PROVIDERS__OLLAMA__MODEL": "7",
                    "DRAGOMAN_RETRY__MAX_RETRIES": "",
                    "DRAGOMAN_CONFIG": "/x",
                    "PATH": "/bin",
                },
                ("timeouts",),
            )
        )
        settings = effective.settings
        assert effective.problems == ()
        assert settings.timeouts.connect == 2.5
        assert settings.edits.check_syntax is False
        assert settings.routing.fallback_order == ("xai", "ollama")
        assert settings.routing.prefer_local_for == (Intent.CODE,)
        assert settings.routing.intents[Intent.TESTS] == ("mistral",)
        assert settings.providers["xai"].model == "5"
        assert settings.providers["ollama"].model == "7"
        assert settings.retry.max_retries == 3
        assert effective.sources["timeouts.connect"] == "environment variable DRAGOMAN_TIMEOUTS__CONNECT"

    @pytest.mark.parametrize(
        ("name", "value", "message"),
        [
            ("DRAGOMAN_TIMEOUTS_CONNECT", "5", "unknown key timeouts_connect; did you mean timeouts.connect?"),
            ("DRAGOMAN_TIMEOUTS__CONECT", "5", "did you mean timeouts.connect?"),
            ("DRAGOMAN_TIMEOUTS__CONNECT", "soon", 'timeouts.connect = "soon": wants a number'),
            ("DRAGOMAN_ROUTING__FALLBACK_ORDER", "[1]", "wants a list of texts"),
            ("DRAGOMAN_ROUTING__INTENTS", "{broken", "wants a table of settings"),
        ],
    )
    def test_wrong_variable_is_named(self, name, value, message):
        """A variable that sets nothing right is named with what was probably meant."""
        (problem,) = said(*environment_layers({name: value}, ("timeouts", "routing")))
        assert problem.startswith(f"environment variable {name}: ")
        assert message in problem

    def test_assignment_on_the_command_line(self):
        """`--set` takes a dotted key, quoted where it must be, and text as the environment does."""
        effective = read(
            parse_assignment("routing.prefer_local_for=code,tests"), parse_assignment('providers."xai".model=a=b')
        )
        assert effective.problems == ()
        assert effective.settings.routing.prefer_local_for == (Intent.CODE, Intent.TESTS)
        assert effective.settings.providers["xai"].model == "a=b"

    @pytest.mark.parametrize("text", ["", "routing", "=5", "a b=5", "routing..k=1"])
    def test_assignment_that_is_none(self, text):
        """`--set` without a key or a value says what it wants."""
        (problem,) = said(parse_assignment(text))
        assert problem.startswith("--set: wants section.key=value")

    @pytest.mark.parametrize(
        "options",
        [
            {"timeouts": {"connect": 2}, "routing": {"fallback_order": ["xai"]}},
            {"timeouts.connect": 2, "routing.fallback_order": ["xai"]},
            {"dragoman": {"timeouts.connect": 2, "routing": {"fallback_order": ["xai"]}}},
            {"dragoman.timeouts.connect": 2, "dragoman.routing": {"fallback_order": ["xai"]}},
        ],
    )
    def test_editor_may_nest_dot_or_wrap(self, options):
        """An editor's options mean the same nested, with dotted keys, and under the section's name."""
        effective = read(editor_layer("editor", options))
        assert effective.problems == ()
        assert effective.settings.timeouts.connect == 2
        assert effective.settings.routing.fallback_order == ("xai",)

    def test_problem_met_while_reading_comes_first(self):
        """A file that is no TOML is named with its line and has no effect, all other layers have theirs."""
        effective = read(toml("timeouts.connect = 1"), toml("a = 1\nb =\n", "broken.toml"))
        assert str(effective.problems[0]).startswith("broken.toml line 2: is not TOML")
        assert effective.settings.timeouts.connect == 1

    def test_layer_shows_no_values(self):
        """A layer's repr holds nothing of what was read, which may be a misplaced key."""
        assert KEY not in repr(Layer("x", {"a": KEY}, KEY))


class TestPrices:
    """`[prices."model"]`."""

    @pytest.mark.parametrize("name", ["my-model", "qwen2.5-coder:7b", "anthropic/claude-sonnet-4.5"])
    def test_a_price_is_by_the_models_name(self, name):
        """Models have names that providers may not have."""
        effective = read(toml(f'[prices."{name}"]\ninput_per_million = 0.5\noutput_per_million = 1.5'))
        assert effective.problems == ()
        price = effective.settings.prices[name]
        assert (price.input_per_million, price.output_per_million) == (0.5, 1.5)
        assert (price.cached_per_million, price.cache_write_per_million) == (None, None)

    def test_half_a_price_is_named(self):
        """A price without one of its two parts has no effect, and the missing key is named."""
        (problem,) = read(toml('[prices."my-model"]\ninput_per_million = 0.5')).problems
        assert "output_per_million" in problem.message

    @pytest.mark.parametrize("value", ["-1", '"free"', "true"])
    def test_a_price_is_an_amount(self, value):
        """Neither less than nothing nor a word."""
        (problem, *_) = read(toml(f'[prices."m"]\noutput_per_million = 1\ninput_per_million = {value}')).problems
        assert "USD" in problem.message

    def test_a_typo_in_it_is_named(self):
        """The nearest key of the same table."""
        (problem, *_) = read(toml('[prices."m"]\ninput_per_milion = 1\noutput_per_million = 1')).problems
        assert "input_per_million" in problem.suggestion

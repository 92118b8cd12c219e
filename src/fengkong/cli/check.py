"""`fengkong check`: find what is wrong before anything runs."""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from fengkong import assembly, decisions, ledger, rules, scoring, training
from fengkong.cli.data import Labelled, read_labelled
from fengkong.cli.options import Json, Workspace, workspace_settings
from fengkong.cli.sarif import write_sarif
from fengkong.cli.terminal import draw_findings, emit_json, out
from fengkong.domain.documents import Place
from fengkong.domain.errors import FengkongError, InputError, SettingsError, likely_slip
from fengkong.domain.findings import Finding, Severity

__all__ = ["check"]

SEED = 42
Looked = TypeVar("Looked")


def check(
    files: Annotated[
        list[Path] | None,
        typer.Argument(help="Rules (.yaml), recipes and settings (.toml) or labelled data; else the workspace's."),
    ] = None,
    workspace: Workspace = None,
    as_json: Json = False,
    sarif: Annotated[
        Path | None, typer.Option("--sarif", help="Write the findings as SARIF 2.1.0 too, for code hosts and editors.")
    ] = None,
) -> None:
    """List all that is wrong in rules, recipe, data and their fit, with place and cure; exit code 1 for an error.

    Examples: fengkong check   |   fengkong check rules.yaml   |   fengkong check data.csv --json
    """
    findings = _Findings()
    if files:
        for file in files:
            findings.of_file(file)
    else:
        findings.of_workspace(workspace_settings(workspace, "name the files: fengkong check FILE"))
    errors = sum(finding.severity is Severity.ERROR for finding in findings)
    if sarif:
        write_sarif(sarif, findings)
    if as_json:
        emit_json({"errors": errors, "findings": findings})
    else:
        for line in draw_findings(findings):
            out.print(line)
        counts = f"{_counted(len(findings), 'finding')}, {_counted(errors, 'error')}"
        out.print(counts if findings else "nothing found: all is well")
    if errors:
        raise typer.Exit(1)


def _counted(count: int, word: str) -> str:
    return f"{count} {word}" if count == 1 else f"{count} {word}s"


class _Findings(list[Finding]):
    """What the parts of a check found; what stops one part is a finding too, and the others are still looked at."""

    def part(self, look: Callable[[], Looked]) -> Looked | None:
        """What `look` returns, or None where it was stopped."""
        try:
            return look()
        except FengkongError as error:
            message = f"{error.what} (received {error.received})" if error.received else error.what
            self.append(Finding("C001", Severity.ERROR, message, Place(error.where), error.cure))
            return None

    def of_file(self, file: Path) -> None:
        if not file.exists():
            raise InputError("the file does not exist", where=str(file), cure="check the name and the folder")
        match file.suffix:
            case ".yaml" | ".yml":
                self.part(lambda: self.of_rules(file))
            case ".toml" if file.name == assembly.FILE_NAME:
                self.part(lambda: assembly.Settings.read(file.resolve().parent))
            case ".toml":
                self.part(lambda: self.extend(training.idle_findings(training.Recipe.load(file), file=str(file))))
            case _:
                self.part(lambda: self.of_data(assembly.DataSettings(source=str(file))))

    def of_workspace(self, settings: "assembly.Settings") -> None:
        rule_set = self.part(lambda: self.of_rules(settings.path(settings.decisions.rules)))
        recipe = self.part(lambda: training.Recipe.load(settings.path(settings.model.recipe)))
        found = {name: self.part(partial(self.of_question, settings, name, recipe)) for name in settings.model.asked}
        stand_ins = {name: scorer for name, scorer in found.items() if scorer is not None}
        if rule_set is not None and stand_ins.keys() == found.keys():
            self.part(lambda: _check_fit(settings, rule_set, stand_ins))

    def of_data(self, data: "assembly.DataSettings", recipe: "training.Recipe | None" = None) -> Labelled:
        labelled = read_labelled(data, seed=SEED if recipe is None else recipe.seed, recipe=recipe)
        self.extend(finding for finding in labelled.findings if finding not in self)  # questions share their texts
        return labelled

    def of_question(
        self, settings: "assembly.Settings", question: str, recipe: "training.Recipe | None"
    ) -> "scoring.FakeScorer | None":
        """Checks its examples; what a model trained on them would answer as, where they bear several labels."""
        return _stand_in(settings, question, self.of_data(settings.data_of(question), recipe))

    def of_rules(self, file: Path) -> "rules.RuleSet | None":
        """The rule set, where it has no error."""
        found = rules.check(file)
        self.extend(found)
        if any(finding.severity is Severity.ERROR for finding in found):
            return None
        rule_set = rules.RuleSet.load(file)
        unheard = decisions.check_literals(rule_set)
        self.extend(unheard)
        return None if unheard else rule_set


def _stand_in(settings: "assembly.Settings", question: str, labelled: Labelled) -> "scoring.FakeScorer | None":
    """What a model trained on these labels would answer as; None of a single label.

    Raises SettingsError where no example bears the positive label.
    """
    positive = settings.model.asked[question].positive
    labels = sorted({ex.label for _, examples in labelled.splits for ex in examples})
    if positive is not None and positive not in labels:
        raise SettingsError(
            "no example bears the label that model.positive names",
            where=assembly.FILE_NAME,
            received=repr(positive),
            cure=likely_slip(positive, labels),
        )
    return scoring.FakeScorer(question, labels, positive=positive) if len(labels) > 1 else None


def _check_fit(
    settings: "assembly.Settings", rule_set: "rules.RuleSet", scorers: "Mapping[str, scoring.FakeScorer]"
) -> None:
    """Raises as a decision would where the rules don't fit the settings, or models that are trained on these labels."""
    policy, store = decisions.Policy(rule_set.name, rule_set), ledger.MemoryLedger()
    decisions.Decider(policy, scorers, store, sources=assembly.fact_sources(settings, policy, store))

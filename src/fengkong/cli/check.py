"""`fengkong check`: find what is wrong before anything runs."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from fengkong import assembly, decisions, ledger, rules, scoring, training
from fengkong.cli.data import Labelled, read_labelled
from fengkong.cli.options import Json, Workspace, workspace_settings
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
    if as_json:
        emit_json({"errors": errors, "findings": findings})
    else:
        for line in draw_findings(findings):
            out.print(line)
        out.print(f"{len(findings)} findings, {errors} errors" if findings else "nothing found: all is well")
    if errors:
        raise typer.Exit(1)


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
                self.part(lambda: training.Recipe.load(file))
            case _:
                self.part(lambda: self.of_data(assembly.DataSettings(source=str(file))))

    def of_workspace(self, settings: "assembly.Settings") -> None:
        rule_set = self.part(lambda: self.of_rules(settings.path(settings.decisions.rules)))
        recipe = self.part(lambda: training.Recipe.load(settings.path(settings.model.recipe)))
        data = settings.data.model_copy(update={"source": settings.source})
        labelled = self.part(lambda: self.of_data(data, recipe))
        if rule_set is not None and labelled is not None:
            self.part(lambda: _check_fit(settings, rule_set, labelled))

    def of_data(self, data: "assembly.DataSettings", recipe: "training.Recipe | None" = None) -> Labelled:
        labelled = read_labelled(data, seed=SEED if recipe is None else recipe.seed, recipe=recipe)
        self.extend(labelled.findings)
        return labelled

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


def _check_fit(settings: "assembly.Settings", rule_set: "rules.RuleSet", labelled: Labelled) -> None:
    """Raises as a decision would where the rules don't fit a model that is trained on these labels."""
    model = settings.model
    labels = sorted({ex.label for _, examples in labelled.splits for ex in examples})
    if model.positive is not None and model.positive not in labels:
        raise SettingsError(
            "no example bears the label that model.positive names",
            where=assembly.FILE_NAME,
            received=repr(model.positive),
            cure=likely_slip(model.positive, labels),
        )
    if len(labels) > 1:
        stand_in = scoring.FakeScorer(model.name, labels, positive=model.positive)
        decisions.Decider(decisions.Policy(rule_set.name, rule_set), {model.name: stand_in}, ledger.MemoryLedger())

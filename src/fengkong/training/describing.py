"""What a run says of itself: in the manifest before it trains, and in its report when it is done."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime

from pydantic import ValidationError

from fengkong.corpus.splitting import Splits
from fengkong.domain.canonical import Plain
from fengkong.domain.errors import SettingsError
from fengkong.domain.findings import Finding
from fengkong.scoring.manifest import Manifest
from fengkong.text.cleaning import CLEANING_VERSION
from fengkong.training.automatic import Trained
from fengkong.training.defaults import Choice
from fengkong.training.evaluation import labels_in
from fengkong.training.exporting.sealing import Exported
from fengkong.training.idle_keys import idle_keys
from fengkong.training.machine import describe_machine
from fengkong.training.measuring.measurement import RunFacts, training_curve
from fengkong.training.preparation import Prepared
from fengkong.training.stages import Origin, Task
from fengkong.training.tasks.heads import open_heads
from fengkong.training.ways.rank_budget import ranks_left

__all__ = ["bundle_facts", "describe", "run_facts"]


def describe(tasks: Sequence[Task], prepared: Prepared, origin: Origin, data_sha256: str) -> Manifest:
    """The manifest but for what training and export will tell: what can't be sealed is refused before either."""
    try:
        return Manifest(
            heads=open_heads(prepared.kind, {task.name: task.positive for task in tasks}),
            language=tasks[0].language,
            cleaning=CLEANING_VERSION,
            max_tokens=prepared.max_tokens,
            windows=prepared.windows,
            precision="fp32",
            fields=prepared.fields.specs if prepared.fields is not None else (),
            training={
                "data_sha256": data_sha256,
                "source": origin.source,
                "base": prepared.base.name,
                "base_licence": prepared.base.licence,
                "recipe_sha256": prepared.recipe.sha256,
            },
        )
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        raise SettingsError(
            "this can't be sealed in a bundle",
            where=".".join(map(str, fault["loc"])),
            cure=fault["msg"].removeprefix("Value error, "),
        ) from None


def run_facts(
    task: Task,
    prepared: Prepared,
    splits: Splits,
    origin: Origin,
    *,
    data_sha256: str,
    findings: Sequence[Finding],
    trained: Trained,
    bundle: dict[str, Plain],
) -> RunFacts:
    """What the figures of one question were made from. splits: the examples that answer it."""
    idle = (Choice(idle.key, idle.value, idle.why) for idle in idle_keys(prepared.recipe, prepared.kind.task))
    return RunFacts(
        name=task.name,
        created=datetime.now(UTC),
        command=origin.command,
        source=origin.source,
        data_sha256=data_sha256,
        counts={name: Counter(labels_in(part)) for name, part in splits},
        findings=(*origin.findings, *prepared.findings, *findings),
        recipe=prepared.recipe.model_dump(),
        choices=(*trained.choices, *prepared.plan.choices, *idle),
        model=trained.members,
        tried=trained.tried,
        ranks=ranks_left(prepared.network) if "tuned" in trained.members else {},
        curve=training_curve(trained.events, prepared.plan.metric),
        bundle=bundle,
        machine=describe_machine(),
    )


def bundle_facts(bundle_id: str, exported: Exported) -> dict[str, Plain]:
    """What was sealed, in a few words."""
    chosen = exported.parity.chosen
    return {
        "id": bundle_id,
        "precision": chosen.precision,
        "megabytes": round(chosen.megabytes, 1),
        "parity": exported.parity.sentence,
    }

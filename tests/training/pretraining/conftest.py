"""A corpus with structure, English and Chinese, and bases from nothing that are quick to pre-train."""

from pathlib import Path

import numpy as np
import pytest

from fengkong.training.bases.from_scratch import make_base
from fengkong.training.pretraining.plan import Pretraining

TOPICS = (
    "steady income paid savings",
    "overdue debts default again",
    "urgent cash gambling borrow",
    "按时还款",
    "违约风险",
)


def make_texts(count: int, *, seed: int = 0) -> list[str]:
    """Texts of one topic each, of four words: twenty words in all, of which a reader who sees the topic doubts four."""
    rng = np.random.default_rng(seed)
    words = [topic.split() if " " in topic else list(topic) for topic in TOPICS]
    return [" ".join(rng.choice(words[number % len(words)], 28)) for number in range(count)]


@pytest.fixture(scope="session")
def texts() -> list[str]:
    return make_texts(60)


@pytest.fixture(scope="session")
def many_texts() -> list[str]:
    return make_texts(300)


@pytest.fixture(scope="session")
def bert(texts: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_base("bert", texts, tmp_path_factory.mktemp("bases") / "bert", hidden=32, max_tokens=32)


@pytest.fixture
def asked(bert):
    return Pretraining(base=str(bert), steps=12, max_tokens=32, batch_tokens=256, learning_rate=3e-3)

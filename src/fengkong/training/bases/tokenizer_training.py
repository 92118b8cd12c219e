"""Tokenizers trained on texts, each in the manner of a published kind of model, English and Chinese alike.

Each takes the texts and the most tokens to hold, and answers a transformers tokenizer with its special tokens named.
"""

import json
from collections import Counter
from collections.abc import Sequence

from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast

__all__ = [
    "begun_bytes",
    "deberta_pieces",
    "modernbert_bytes",
    "plain_bytes",
    "roberta_bytes",
    "t5_pieces",
    "wordpiece",
    "xlm_pieces",
]


def wordpiece(texts: Sequence[str], vocabulary: int) -> PreTrainedTokenizerFast:
    """BERT's: lower case, accents off, each Han character a word of its own."""
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    trained = _bert_tokenizer(models.WordPiece(unk_token="[UNK]"))  # noqa: S106  # the name of a token, no password
    starts, inner = _characters(trained, texts, vocabulary - len(special))
    # The trainer takes what it meets inside words in the order of a hash map, which differs from run to run and
    # decides ties; named before, in an order of ours, the same texts give the same vocabulary.
    trainer = trainers.WordPieceTrainer(
        vocab_size=vocabulary,
        limit_alphabet=len(starts),
        initial_alphabet=starts,
        special_tokens=[*special, *(f"##{character}" for character in inner)],
        show_progress=False,
    )
    trained.train_from_iterator(texts, trainer)
    # Anew, or what was named before would stay special.
    tokenizer = _bert_tokenizer(models.WordPiece(trained.get_vocab(), unk_token="[UNK]"))  # noqa: S106
    return _between(tokenizer, pad="[PAD]", unk="[UNK]", cls="[CLS]", sep="[SEP]", mask="[MASK]")


def _bert_tokenizer(model: models.WordPiece) -> Tokenizer:
    tokenizer = Tokenizer(model)
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    return tokenizer


def _characters(tokenizer: Tokenizer, texts: Sequence[str], most: int) -> tuple[list[str], list[str]]:
    """The most frequent characters, and those of them that occur inside words, both sorted."""
    starts: Counter[str] = Counter()
    inner: Counter[str] = Counter()
    for text in texts:
        for word, _ in tokenizer.pre_tokenizer.pre_tokenize_str(tokenizer.normalizer.normalize_str(text)):
            starts[word[0]] += 1
            inner.update(word[1:])
    kept = {character for character, _ in sorted((starts + inner).items(), key=lambda pair: (-pair[1], pair[0]))[:most]}
    return sorted(kept), sorted(kept & inner.keys())


def roberta_bytes(texts: Sequence[str], vocabulary: int) -> PreTrainedTokenizerFast:
    """RoBERTa's: byte-level BPE between <s> and </s>."""
    tokenizer = _byte_pairs(texts, vocabulary, ["<s>", "<pad>", "</s>", "<unk>", "<mask>"])
    return _between(tokenizer, pad="<pad>", unk="<unk>", cls="<s>", sep="</s>", mask="<mask>", bos="<s>", eos="</s>")


def modernbert_bytes(texts: Sequence[str], vocabulary: int) -> PreTrainedTokenizerFast:
    """ModernBERT's: byte-level BPE between BERT's special tokens."""
    tokenizer = _byte_pairs(texts, vocabulary, ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"])
    return _between(tokenizer, pad="[PAD]", unk="[UNK]", cls="[CLS]", sep="[SEP]", mask="[MASK]")


def plain_bytes(texts: Sequence[str], vocabulary: int) -> PreTrainedTokenizerFast:
    """GPT-2's and Qwen's: byte-level BPE, nothing around a text, no padding token."""
    name = "<|endoftext|>"
    return _named(_byte_pairs(texts, vocabulary, [name]), bos=name, eos=name)


def begun_bytes(texts: Sequence[str], vocabulary: int) -> PreTrainedTokenizerFast:
    """Llama 3's: byte-level BPE, a token before each text, no padding token."""
    first, last = "<|begin_of_text|>", "<|end_of_text|>"
    tokenizer = _byte_pairs(texts, vocabulary, [first, last])
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{first} $A", pair=f"{first} $A {first}:1 $B:1", special_tokens=[(first, 0)]
    )
    return _named(tokenizer, bos=first, eos=last)


def _byte_pairs(texts: Sequence[str], vocabulary: int, special: list[str]) -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=special,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def deberta_pieces(texts: Sequence[str], vocabulary: int) -> PreTrainedTokenizerFast:
    """DeBERTa's (version 3): SentencePiece unigrams between BERT's special tokens."""
    tokenizer = _unigrams(texts, vocabulary, ["[PAD]", "[CLS]", "[SEP]", "[UNK]", "[MASK]"], "[UNK]")
    return _between(tokenizer, pad="[PAD]", unk="[UNK]", cls="[CLS]", sep="[SEP]", mask="[MASK]")


def xlm_pieces(texts: Sequence[str], vocabulary: int) -> PreTrainedTokenizerFast:
    """XLM-RoBERTa's: SentencePiece unigrams between <s> and </s>."""
    tokenizer = _unigrams(texts, vocabulary, ["<s>", "<pad>", "</s>", "<unk>", "<mask>"], "<unk>")
    return _between(tokenizer, pad="<pad>", unk="<unk>", cls="<s>", sep="</s>", mask="<mask>", bos="<s>", eos="</s>")


def t5_pieces(texts: Sequence[str], vocabulary: int) -> PreTrainedTokenizerFast:
    """T5's: SentencePiece unigrams with </s> after each text."""
    tokenizer = _unigrams(texts, vocabulary, ["<pad>", "</s>", "<unk>"], "<unk>")
    tokenizer.post_processor = processors.TemplateProcessing(
        single="$A </s>", pair="$A </s> $B:1 </s>:1", special_tokens=[("</s>", 1)]
    )
    return _named(tokenizer, pad="<pad>", eos="</s>", unk="<unk>")


def _unigrams(texts: Sequence[str], vocabulary: int, special: list[str], unknown: str) -> Tokenizer:
    trained = _pieces_tokenizer(models.Unigram())
    trainer = trainers.UnigramTrainer(
        vocab_size=vocabulary, special_tokens=special, unk_token=unknown, show_progress=False
    )
    trained.train_from_iterator(texts, trainer)
    # Scores differ in their last digits from run to run; in an order of their own, the pieces keep their ids.
    scored = [(piece, score) for piece, score in json.loads(trained.to_str())["model"]["vocab"] if piece not in special]
    pieces = [*((name, 0.0) for name in special), *sorted(scored)]
    return _pieces_tokenizer(models.Unigram(pieces, special.index(unknown), byte_fallback=False))


def _pieces_tokenizer(model: models.Unigram) -> Tokenizer:
    tokenizer = Tokenizer(model)
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    return tokenizer


def _between(tokenizer: Tokenizer, *, cls: str, sep: str, **names: str) -> PreTrainedTokenizerFast:
    """Put each text between two special tokens, each pair of texts with one between them."""
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{cls} $A {sep}",
        pair=f"{cls} $A {sep} $B:1 {sep}:1",
        special_tokens=[(name, tokenizer.token_to_id(name)) for name in (cls, sep)],
    )
    return _named(tokenizer, cls=cls, sep=sep, **names)


def _named(tokenizer: Tokenizer, **roles: str) -> PreTrainedTokenizerFast:
    """With its special tokens named by what they are for (pad, cls, ...)."""
    names = {f"{role}_token": name for role, name in roles.items()}
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, **names)  # type: ignore[no-untyped-call]  # theirs

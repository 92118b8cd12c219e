"""The report's words in English and Chinese, one table, so that neither language can miss a phrase."""

from collections.abc import Mapping
from typing import Literal

__all__ = ["Language", "words"]

Language = Literal["en", "zh"]

_PHRASES: Mapping[str, tuple[str, str]] = {
    # parts
    "title": ("Training report", "训练报告"),
    "summary": ("Summary", "摘要"),
    "data": ("Data", "数据"),
    "findings": ("What the data check found", "数据检查结果"),
    "choices": ("What was chosen, and why", "参数选择及理由"),
    "curve": ("How it learned", "训练过程"),
    "figures": ("Figures", "指标"),
    "by_label": ("By label", "分类别指标"),
    "confusions": ("Confusion matrix", "混淆矩阵"),
    "ranking": ("Ranking", "排序能力"),
    "calibration": ("Calibration", "概率校准"),
    "decisions": ("Decision bands", "决策区间"),
    "examples": ("Why: texts explained", "判断依据示例"),
    "bundle": ("The sealed bundle", "模型包"),
    "reproduce": ("How to make it again", "如何复现"),
    # sentences, and what stands between two of them
    "gap": (" ", ""),
    "headline": (
        "On {n} test texts the sealed model ({model}) reaches {metric} {value}.",
        "在 {n} 条测试文本上，封装的模型（{model}）的{metric}为 {value}。",
    ),
    "better": (
        "Its difference to the best floor, {floor}, is {gain}: better, beyond chance.",
        "与最强基线（{floor}）相差 {gain}：确实更好，并非偶然。",
    ),
    "not_better": (
        "Its difference to the best floor, {floor}, is {gain}: not shown to be better, it could be chance.",
        "与最强基线（{floor}）相差 {gain}：可能出于偶然，不能证明更好。",
    ),
    "worse": (
        "Its difference to the best floor, {floor}, is {gain}: worse; use the floor, or change the recipe.",
        "与最强基线（{floor}）相差 {gain}：更差；应使用基线，或调整训练方案。",
    ),
    "consistent": (
        "Its probabilities are consistent with calibration.",
        "其概率与“已校准”的假设一致。",
    ),
    "inconsistent": (
        "Its probabilities are not calibrated: ECE {ece}, where chance alone would give less than {null}.",
        "其概率未校准：ECE 为 {ece}，而仅由偶然产生的值应低于 {null}。",
    ),
    "interval_note": (
        "In brackets: 95% intervals from {resamples} bootstrap resamples, seed {seed}. "
        "Dev made all choices; test was looked at once.",
        "括号内为 95% 置信区间（{resamples} 次自助重采样，随机种子 {seed}）。"
        "所有选择均在验证集上作出，测试集只使用一次。",
    ),
    "temperature_note": (
        "Temperature {temperature}, fitted on dev, divides the logits; the order of the texts stays as it is.",
        "在验证集上拟合的温度为 {temperature}，用于除 logits；文本的排序不变。",
    ),
    "bands_bayes": (
        "The bands follow from the costs alone, since the dev probabilities are consistent with calibration.",
        "验证集上的概率与“已校准”一致，因此区间直接由成本推出。",
    ),
    "bands_dev": (
        "The dev probabilities are not calibrated, so the bands are those that cost least on dev.",
        "验证集上的概率未校准，因此取验证集上成本最低的区间。",
    ),
    "band_rule": (
        "Approve below {review_from}, decline from {decline_from} on, review between, where p is that of “{positive}”. "
        "A miss costs {miss}, a false alarm {false_alarm}, a review {review}.",
        "以“{positive}”的概率 p 判断：低于 {review_from} 通过，不低于 {decline_from} 拒绝，其间人工复核。"
        "漏判成本 {miss}，误报成本 {false_alarm}，复核成本 {review}。",
    ),
    "recall_note": (
        "Recall at the threshold that lets at most this share of the negatives alarm.",
        "在负例误报率不超过给定值的阈值下的召回率。",
    ),
    "surest_right": ("The surest right answer", "把握最大且正确的判断"),
    "least_sure": ("The least sure answer", "把握最小的判断"),
    "surest_wrong": ("The surest wrong answer", "把握最大但错误的判断"),
    "explained_note": (
        "Marked: the words that moved p most when left out; the stronger, the deeper the colour.",
        "标记部分为去掉后最影响 p 的词语；影响越大，颜色越深。",
    ),
    "marks_for": ("raises p", "提高 p"),
    "marks_against": ("lowers p", "降低 p"),
    "no_findings": ("Nothing was found.", "未发现问题。"),
    "most_confused": ("The most frequent confusions", "最常见的混淆"),
    # words in tables and charts
    "model": ("model", "模型"),
    "model_tuned": ("tuned", "微调后"),
    "model_ngrams": ("n-grams", "n-gram 线性模型"),
    "model_frozen": ("untouched base and a linear head", "未微调的基座 + 线性头"),
    "model_contrastive": ("tuned on pairs", "对比微调后"),
    "tried": ("Models that were tried", "候选模型"),
    "tried_note": (
        "Figures and log losses are of the texts that choose; in brackets, the standard error over resamples of them.",
        "指标和对数损失均在用于选择的文本上计算；括号内为重采样所得的标准误。",
    ),
    "ranks": ("Ranks that AdaLoRA left, by matrix", "AdaLoRA 保留的秩（按矩阵）"),
    "majority": ("majority", "多数类"),
    "fields": ("fields alone, logistic regression", "仅字段 + 逻辑回归"),
    "tfidf": ("TF-IDF + logistic regression", "TF-IDF + 逻辑回归"),
    "frozen": ("before fine-tuning", "微调前"),
    "frozen_note": (
        "“Before fine-tuning” is a logistic regression on the base model's frozen, pooled embeddings.",
        "“微调前”指在基座模型的冻结池化向量上训练的逻辑回归。",
    ),
    "set": ("set", "数据集"),
    "train": ("train", "训练"),
    "dev": ("dev", "验证"),
    "test": ("test", "测试"),
    "label": ("label", "类别"),
    "texts": ("texts", "文本数"),
    "total": ("total", "合计"),
    "accuracy": ("accuracy", "准确率"),
    "macro_f1": ("macro-F1", "宏平均 F1"),
    "micro_f1": ("micro-F1", "微平均 F1"),
    "entity_f1": ("F1 of entities", "实体 F1"),
    "entities": ("entities", "实体数"),
    "dictionary": ("names of train looked up", "训练集名称词典"),
    "kappa": ("kappa, quadratic weights", "二次加权 kappa"),
    "rank_error": ("mean error in ranks", "平均等级误差"),
    "exact_match": ("all labels right", "全部标签正确率"),
    "rmse": ("RMSE", "均方根误差"),
    "mae": ("mean absolute error", "平均绝对误差"),
    "r2": ("R²", "决定系数 R²"),
    "spearman": ("Spearman correlation", "斯皮尔曼相关系数"),
    "mean": ("mean of train", "训练集均值"),
    "f1": ("F1", "F1"),
    "precision": ("precision", "精确率"),
    "recall": ("recall", "召回率"),
    "auc": ("AUC", "AUC"),
    "pr_auc": ("PR-AUC", "PR-AUC"),
    "ks": ("KS", "KS"),
    "log_loss": ("log loss", "对数损失"),
    "brier": ("Brier", "Brier 分数"),
    "loss": ("loss", "损失"),
    "ece": ("ECE", "ECE"),
    "null_99": ("99% of chance", "偶然上限（99%）"),
    "false_alarm_rate": ("false-alarm rate", "误报率"),
    "threshold": ("from p", "阈值 p"),
    "true_label": ("true label", "真实类别"),
    "predicted": ("predicted label", "预测类别"),
    "before": ("before", "校准前"),
    "after": ("after", "校准后"),
    "claimed": ("probability claimed", "预测概率"),
    "came_true": ("share that came true", "实际比例"),
    "p_positive": ("probability of the positive label", "正类概率"),
    "step": ("step", "步数"),
    "setting": ("setting", "设置"),
    "value": ("value", "取值"),
    "why": ("why", "理由"),
    "severity": ("severity", "级别"),
    "code": ("code", "代码"),
    "found": ("found", "内容"),
    "place": ("place", "位置"),
    "cure": ("cure", "处理"),
    "cost": ("cost per text", "每条成本"),
    "these_bands": ("these bands", "以上区间"),
    "approve_all": ("approve all", "全部通过"),
    "review_all": ("review all", "全部复核"),
    "decline_all": ("decline all", "全部拒绝"),
    "approve": ("approve", "通过"),
    "review": ("review", "复核"),
    "decline": ("decline", "拒绝"),
    "positives": ("of them “{positive}”", "其中“{positive}”"),
    "share": ("share", "占比"),
    "stage": ("stage", "阶段"),
    "preparing": ("preparing", "准备"),
    "tuning": ("tuning", "微调"),
    "sealing": ("sealing", "封装"),
    "floors": ("floors", "训练基线"),
    "measuring": ("measuring", "评估"),
    "seconds": ("seconds", "秒"),
    "recipe": ("The whole recipe", "完整训练方案"),
    "run_times": ("Run times", "运行时间"),
    "machine": ("Machine", "运行环境"),
    # the report of a search, and that of a sweep over learning rates
    "search_title": ("Search report", "超参数搜索报告"),
    "search_headline": (
        "The best of {n} trials is trial {trial}: {metric} {value} on dev.",
        "{n} 次试验中最好的是第 {trial} 次：验证集{metric}为 {value}。",
    ),
    "search_nothing": ("No trial came to its end.", "没有试验完成。"),
    "search_states": (
        "{complete} trained to their end, {pruned} stopped early, {failed} failed, {killed} cut off and run again.",
        "{complete} 次完成，{pruned} 次提前停止，{failed} 次失败，{killed} 次被中断后重新运行。",
    ),
    "search_note": (
        "The best dev figure of many trials is a lucky one too; what it is worth is told on test, "
        "which this search has not seen, by training with the recipe.",
        "多次试验中最好的验证集指标含有运气成分；其真实水平须用该方案训练后在测试集上得出，本次搜索没有使用测试集。",
    ),
    "search_history": ("How it went", "搜索过程"),
    "search_history_note": (
        "A dot is a trial, hollow where it was stopped early; the line is the best so far.",
        "每个点为一次试验，空心表示提前停止；折线为迄今最好值。",
    ),
    "searched": ("What was searched", "搜索空间"),
    "searched_over": ("over", "范围"),
    "before_search": ("before", "搜索前"),
    "best": ("best", "最佳"),
    "importance": ("Importance", "重要性"),
    "importance_axis": ("share in the variance of the figure", "对指标方差的贡献"),
    "importance_note": (
        "fANOVA over the complete trials (Hutter et al. 2014): how much of the difference between trials goes back "
        "to each setting. With few trials it is a hint only.",
        "对完成的试验作 fANOVA（Hutter 等，2014）：各设置对试验间差异的贡献。试验较少时仅供参考。",
    ),
    "importance_unknown": (
        "The complete trials are too few, or too alike, to tell.",
        "完成的试验太少或结果过于接近，无法判断。",
    ),
    "trials": ("Trials", "全部试验"),
    "trial": ("trial", "试验"),
    "state": ("state", "状态"),
    "minutes": ("minutes", "分钟"),
    "state_complete": ("complete", "完成"),
    "state_pruned": ("stopped early", "提前停止"),
    "state_failed": ("failed", "失败"),
    "state_killed": ("cut off", "被中断"),
    "state_running": ("under way", "进行中"),
    "rate_title": ("Learning rates", "学习率测试"),
    "rate_headline": ("Suggested learning rate: {rate}.", "建议学习率：{rate}。"),
    "rate_none": (
        "The loss did not fall beyond chance, so no rate is suggested; more steps may show one.",
        "损失的下降未超出偶然波动，无法给出建议；可增加步数再试。",
    ),
    "rate_note": (
        "A tenth of the rate at which the smoothed loss is lowest (Howard & Gugger 2020). It is where to start a "
        "search from, not its end.",
        "取平滑损失最低处学习率的十分之一（Howard 与 Gugger，2020）。这是搜索的起点，而不是终点。",
    ),
    "rate_caption": (
        "Loss of each batch (thin) and smoothed, while the rate rises from step to step (Smith 2017).",
        "学习率逐步升高时各批次的损失（细线）与平滑后的损失（Smith，2017）。",
    ),
    "learning_rate": ("learning rate", "学习率"),
}


def words(language: Language) -> dict[str, str]:
    """Every phrase in that language, by name."""
    at = ("en", "zh").index(language)
    return {name: phrases[at] for name, phrases in _PHRASES.items()}

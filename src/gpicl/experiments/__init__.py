"""Experiments: grids of runs, and the tables, figures and pages made from them.

WHY nothing is imported here: the help of `gpicl reproduce` lists the experiments and should not wait for torch.
"""

EXPERIMENTS = {
    "heatmap": "gpicl.experiments.heatmap",
    "transition": "gpicl.experiments.transition",
    "phases": "gpicl.experiments.phases",
    "initialisation": "gpicl.experiments.initialisation",
    "learning-curve": "gpicl.experiments.learning_curve",
    "long-sequences": "gpicl.experiments.long_sequences",
    "plateau": "gpicl.experiments.plateau",
    "ablation": "gpicl.experiments.ablation",
    "embeddings": "gpicl.experiments.embeddings",
    "comparison": "gpicl.experiments.comparison.experiment",
    "state-size": "gpicl.experiments.state_size",
    "limits": "gpicl.experiments.limits",
    "inventions": "gpicl.experiments.inventions",
}
"""The module of every experiment by its name, in the order of `gpicl reproduce all`; imported when first used."""

"""How many classes the tasks of a step have."""


def classes_of_step(step: int, fewest: int, most: int) -> int:
    """Go through all numbers of classes evenly, whenever one stops.

    WHY not at random: a step's number is then known without a generator, to every process, with no look at the labels.

    Args:
        step: Steps done before.
        fewest: Fewest classes.
        most: Classes that there are.
    """
    return fewest + int((step + 1) * 2**0.5 % 1 * (most - fewest + 1))

"""The LSTM inside two of the recurrent learners, and how it starts."""

from torch import nn


def open_lstm(input_size: int, hidden: int) -> nn.LSTM:
    """Build an LSTM whose forget gates are open at first: their bias is one, every other is zero.

    WHY: the state must outlive many examples before it can be of use, and a gate at one half forgets in a few.

    Args:
        input_size: Size of what the LSTM reads.
        hidden: Size H of its state.
    """
    lstm = nn.LSTM(input_size, hidden)
    for name, parameter in lstm.named_parameters():
        if name.startswith("bias"):
            nn.init.zeros_(parameter)
        if name == "bias_ih_l0":
            nn.init.ones_(parameter[hidden : 2 * hidden])  # PyTorch's order is i, f, g, o
    return lstm

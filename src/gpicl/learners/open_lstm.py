"""The LSTM inside two of the recurrent learners, and how it starts."""

import torch
from torch import Tensor, nn

from gpicl.runtime import multiplies_in_bf16


class OpenLSTM(nn.LSTM):
    """An LSTM whose forget gates are open at first: their bias is one, every other is zero.

    WHY: the state must outlive many examples before it can be of use, and a gate at one half forgets in a few.

    Args:
        input_size: Size of what the LSTM reads.
        hidden: Size H of its state.
    """

    def __init__(self, input_size: int, hidden: int) -> None:
        super().__init__(input_size, hidden)
        for name, parameter in self.named_parameters():
            if name.startswith("bias"):
                nn.init.zeros_(parameter)
            if name == "bias_ih_l0":
                nn.init.ones_(parameter[hidden : 2 * hidden])  # PyTorch's order is i, f, g, o

    def forward(  # type: ignore[override]  # packed sequences have no use here
        self, input: Tensor, hx: tuple[Tensor, Tensor] | None = None
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Read a sequence, positions first; see `torch.nn.LSTM`."""
        if multiplies_in_bf16(input.device):
            return super().forward(input, hx)
        # A CPU without these instructions has no such LSTM at all, where a product would merely be slow.
        with torch.autocast(input.device.type, enabled=False):
            return super().forward(input.to(next(self.parameters()).dtype), hx)

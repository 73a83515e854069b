"""Multiply-accumulates (MACs), counted while torch computes: each product of two values that is
added to others is one. Half of the floating point operations that others count.

By kind:
- convolution: also grouped, transposed, and those whose kernels are weighed anew by their input;
- linear: matrix products with a weight;
- attention: matrix products of what was heard with what was heard, such as scores and their sums;
- recurrence: matrix products of GRU, LSTM and RNN, whichever kernel computes them;
- fft: a real transform of N values is 5/2 N log2 N floating point operations (a complex one twice
  that), the convention of benchFFT (fftw.org/speed/method.html), so 5/4 N log2 N MACs;
- other: values multiplied, divided or squared one by one: gates, masks, windows, weighted sums.
Not counted: scaling by one number, norms (a weight can hold them), activations, sums, pools.
"""

import math
import weakref
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.nn.modules.rnn import RNNBase, RNNCellBase
from torch.utils._python_dispatch import TorchDispatchMode

KINDS = ("convolution", "linear", "attention", "recurrence", "fft", "other")
LAYERS = ("convolution", "linear", "attention", "recurrence")
FUSED = ("flash_attention", "flash_attention_for_cpu", "efficient_attention", "cudnn_attention")
COMPLEX = 4  # real products in one of complex numbers

Formula = Callable[[Sequence[Any], Any], float]  # arguments and result of an operation -> MACs


@contextmanager
def counting(*modules: nn.Module) -> Iterator[Counter[str]]:
    """{kind: MACs} of what torch computes until the block ends, without gradients.

    Args:
        modules: whose weights tell linear layers from attention.
    """
    found: Counter[str] = Counter()
    mode = _Counting(found, modules)
    fast = torch.backends.mha.get_fastpath_enabled()
    # Whole layers of attention in one operation are not known by what they are made of.
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        with torch.no_grad(), sdpa_kernel(SDPBackend.MATH), mode.inside_recurrences(), mode:
            yield found
    finally:
        torch.backends.mha.set_fastpath_enabled(fast)


class _Counting(TorchDispatchMode):
    def __init__(self, found: Counter[str], modules: Sequence[nn.Module]) -> None:
        super().__init__()
        self.found, self.modules = found, modules
        self.recurrent = 0  # recurrent modules that are at work
        self.weights = _places(modules)

    def __torch_dispatch__(
        self,
        func: Any,
        types: Any,
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        kwargs = kwargs or {}
        name = func.overloadpacket
        if name not in _formulas():
            with self:  # in inference mode operations that are made of others come as they are
                result = func.decompose(*args, **kwargs)
            if result is not NotImplemented:
                return result
        result = func(*args, **kwargs)
        if name in _formulas():
            kind, formula = _formulas()[name]
            self._add(kind, args, round(formula(args, result)))
        return result

    def _add(self, kind: str, args: Sequence[Any], macs: int) -> None:
        if kind == "product":
            kind = "linear" if any(_place(a) in self.weights for a in args) else "attention"
        if self.recurrent:
            if kind == "other":  # fused kernels do not tell them
                return
            kind = "recurrence"
        if macs:
            self.found[kind] += macs

    @contextmanager
    def inside_recurrences(self) -> Iterator[None]:
        """Follow when recurrent modules begin and end."""

        def begin(*_: object) -> None:
            self.recurrent += 1

        def end(*_: object) -> None:
            self.recurrent -= 1

        own = {
            m for of in self.modules for m in of.modules() if isinstance(m, RNNBase | RNNCellBase)
        }
        hooks = [m.register_forward_pre_hook(begin) for m in own]
        hooks += [m.register_forward_hook(end) for m in own]
        try:
            yield
        finally:
            for hook in hooks:
                hook.remove()


class Memory(TorchDispatchMode):
    """The most bytes of results that are alive at once, without weights, and without what a kernel
    uses inside. peak: bytes.

    Args:
        modules: whose weights they are.
    """

    def __init__(self, *modules: nn.Module) -> None:
        super().__init__()
        self.weights = _places(modules)
        self.alive: dict[int, int] = {}
        self.now = self.peak = 0

    def __torch_dispatch__(
        self,
        func: Any,
        types: Any,
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        for value in result if isinstance(result, tuple | list) else (result,):
            if isinstance(value, Tensor):
                self._held(value.untyped_storage())
        self.peak = max(self.peak, self.now)
        return result

    def _held(self, storage: torch.UntypedStorage) -> None:
        place = storage._cdata
        if place in self.alive or place in self.weights:
            return
        self.alive[place] = storage.nbytes()
        self.now += storage.nbytes()
        weakref.finalize(storage, self._freed, place)

    def _freed(self, place: int) -> None:
        self.now -= self.alive.pop(place)


def _places(modules: Sequence[nn.Module]) -> set[int | None]:
    """Where their weights and constants are."""
    return {_place(t) for m in modules for t in (*m.parameters(), *m.buffers())}


def _place(value: object) -> int | None:
    """Where a tensor's values are, of views of it the same."""
    if not isinstance(value, Tensor) or value.layout != torch.strided:
        return None
    return value.untyped_storage()._cdata


@cache
def _formulas() -> Mapping[Any, tuple[str, Formula]]:
    """{operation: its kind, its MACs}; "product" is linear or attention."""
    aten = torch.ops.aten
    first, second = _product(0), _product(1)  # where its two factors begin
    layers = {aten.mkldnn_rnn_layer: _layer, aten._cudnn_rnn: _layers, aten.miopen_rnn: _layers}
    return {
        **dict.fromkeys((aten.mm, aten.bmm), ("product", first)),
        **dict.fromkeys((aten.addmm, aten.baddbmm), ("product", second)),
        **dict.fromkeys((aten.mv, aten.dot, aten.vdot), ("product", _vector(0))),
        aten.addmv: ("product", _vector(1)),
        **dict.fromkeys((aten.convolution, aten._convolution), ("convolution", _convolution)),
        **{
            getattr(aten, f"_scaled_dot_product_{kernel}"): ("attention", _attention)
            for kernel in FUSED
            if hasattr(aten, f"_scaled_dot_product_{kernel}")
        },
        **{operation: ("recurrence", formula) for operation, formula in layers.items()},
        aten._fft_r2c: ("fft", lambda args, result: _fft(args[0], args[1], 1.25)),
        aten._fft_c2c: ("fft", lambda args, result: _fft(args[0], args[1], 2.5)),
        aten._fft_c2r: ("fft", lambda args, result: _fft(result, args[1], 1.25)),
        **dict.fromkeys((aten.mul, aten.mul_, aten.div, aten.div_), ("other", _values(0))),
        **dict.fromkeys((aten.addcmul, aten.addcmul_), ("other", _values(1))),
        **dict.fromkeys((aten.addcdiv, aten.addcdiv_), ("other", _values(1))),
        **dict.fromkeys((aten.pow, aten.pow_), ("other", _square)),
        **dict.fromkeys((aten.square, aten.glu), ("other", lambda args, result: result.numel())),
        aten.linalg_vector_norm: ("other", lambda args, result: args[0].numel()),
    }


def _product(at: int) -> Formula:
    """Of matrices, (..., rows, shared) and (..., shared, columns)."""

    def formula(args: Sequence[Any], result: Any) -> float:
        return args[at].numel() * args[at + 1].shape[-1] * _complex(result)

    return formula


def _vector(at: int) -> Formula:
    """Of a matrix, or a vector, with a vector."""
    return lambda args, result: args[at].numel() * _complex(result)


def _convolution(args: Sequence[Any], result: Any) -> float:
    """A kernel has all its weights, (outputs, inputs / groups, ...), at every place of the output;
    of a transposed one, (inputs, outputs / groups, ...), at every place of the input."""
    heard, weight, transposed = args[0], args[1], args[6]
    over = heard if transposed else result
    return over.numel() / weight.shape[0] * weight.numel() * _complex(result)


def _attention(args: Sequence[Any], result: Any) -> float:
    """Scores, and sums by them: (..., heads, frames, width) each."""
    query, key, value = args[:3]
    return query.shape[:-1].numel() * key.shape[-2] * (query.shape[-1] + value.shape[-1])


def _layer(args: Sequence[Any], result: Any) -> float:
    """Every frame, (..., width), through the matrices of one layer and direction."""
    return args[0].numel() / args[0].shape[-1] * (args[1].numel() + args[2].numel())


def _layers(args: Sequence[Any], result: Any) -> float:
    """Every frame, (..., width), through the matrices of all layers and directions."""
    matrices = sum(weight.numel() for weight in args[1] if weight.dim() == 2)
    return args[0].numel() / args[0].shape[-1] * matrices


def _fft(values: Tensor, axes: Sequence[int], of_one: float) -> float:
    """of_one: MACs by N log2 N."""
    size = math.prod(values.shape[axis] for axis in axes)
    return of_one * values.numel() * math.log2(size) if size else 0


def _values(at: int) -> Formula:
    """Of two tensors, value by value; none where one of them is a number, or both say yes or no."""

    def formula(args: Sequence[Any], result: Any) -> float:
        pair = args[at : at + 2]
        numbers = not all(isinstance(one, Tensor) and one.numel() > 1 for one in pair)
        if numbers or result.dtype == torch.bool:
            return 0
        return result.numel() * _complex(result)

    return formula


def _square(args: Sequence[Any], result: Any) -> float:
    return result.numel() * _complex(result) if args[1] == 2 else 0


def _complex(result: Tensor) -> int:
    return COMPLEX if result.is_complex() else 1

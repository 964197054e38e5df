"""The network as an ONNX graph, written node by node from the layer list: in float, or quantised.

Both take the photo as it leaves the decoder: uint8, (n, height, width, 3), sRGB. Weights come as a dictionary of numpy
arrays `<layer>.weight` and `<layer>.bias`. Where ranges are given, weights are 8 bits a channel and activations uint8
(quantise, dequantise pairs, which onnxruntime fuses); relu6 then needs no node, because the ranges end at 6 and
saturation cuts there.
"""
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from backbone import same_padding

# Weights are kept as uint8 around this zero point: with int8, x86 without VNNI adds two products in 16 bits and
# saturates (one leaf in five got another label); uint8 x uint8 is exact everywhere.
WEIGHT_ZERO = 128
OPSET = 13  # the first with quantisation a channel
IR = 7


class Graph:
    """Collects nodes and constants; every method returns the name of what it made."""

    def __init__(self, ranges=None):
        self.ranges = ranges
        self.nodes = []
        self.constants = []
        self.input = None

    def node(self, op, inputs, name, **attributes):
        self.nodes.append(helper.make_node(op, inputs, [name], name=name, **attributes))
        return name

    def constant(self, name, values, dtype=np.float32):
        self.constants.append(numpy_helper.from_array(np.asarray(values, dtype), name))
        return name

    def photo(self):
        """uint8 pixels to what the backbones expect, once for all of them: pixel / 127.5 - 1, channels first."""
        if self.input is None:
            self.input = self.floats()
        return self.input

    def floats(self):
        planes = self.node("Transpose", ["photo"], "planes", perm=[0, 3, 1, 2])
        if self.ranges is not None:
            # A zero point is whole: 128 stands for 127.5, and the first layer's bias takes the half step back.
            scale = self.constant("planes.scale", 1 / 127.5)
            zero = self.constant("planes.zero", 128, np.uint8)
            return self.node("DequantizeLinear", [planes, scale, zero], "input")
        floats = self.node("Cast", [planes], "planes.float", to=TensorProto.FLOAT)
        scaled = self.node("Div", [floats, self.constant("half", 127.5)], "planes.scaled")
        return self.node("Sub", [scaled, self.constant("one", 1.0)], "input")

    def requantised(self, name):
        """The activation through uint8 and back, with the range that calibration saw."""
        if self.ranges is None:
            return name
        low, high = self.ranges[name]
        low, high = min(low, 0.0), max(high, 1e-3)
        scale = (high - low) / 255
        arguments = [
            self.constant(f"{name}.scale", scale),
            self.constant(f"{name}.zero", round(-low / scale), np.uint8),
        ]
        quantised = self.node("QuantizeLinear", [name, *arguments], f"{name}.q")
        return self.node("DequantizeLinear", [quantised, *arguments], f"{name}.dq")

    def weights(self, name, weight, bias, input_scale):
        if self.ranges is None:
            return [self.constant(f"{name}.weight", weight), self.constant(f"{name}.bias", bias)]
        per_channel = np.abs(weight.reshape(len(weight), -1)).max(1)
        scale = np.maximum(per_channel, 1e-6).astype(np.float32) / 127
        steps = np.clip(np.rint(weight / scale[:, None, None, None]), -127, 127) + WEIGHT_ZERO
        bias_scale = (scale * np.float32(input_scale)).astype(np.float32)
        bias_steps = np.clip(np.rint(bias / bias_scale), -(2**31) + 1, 2**31 - 1)
        made = []
        for kind, values, each, dtype in (
            ("weight", steps, scale, np.uint8),
            ("bias", bias_steps, bias_scale, np.int32),
        ):
            inputs = [
                self.constant(f"{name}.{kind}", values, dtype),
                self.constant(f"{name}.{kind}.scale", each),
                self.constant(f"{name}.{kind}.zero", np.full(len(each), WEIGHT_ZERO if kind == "weight" else 0), dtype),
            ]
            made.append(self.node("DequantizeLinear", inputs, f"{name}.{kind}.dq", axis=0))
        return made

    def scale_of(self, name):
        if self.ranges is None:
            return 1.0
        if name == "input":
            return 1 / 127.5
        low, high = self.ranges[name]
        return (max(high, 1e-3) - min(low, 0.0)) / 255

    def backbone(self, layers, weights, until=None, prefix=""):
        """The layers up to `until`; {layer: name of its activation}. `prefix` keeps the names of two backbones apart,
        in the graph and in the ranges; weights are called as the layers are."""
        held = {"input": self.photo()}
        raw = {"input": "input"}
        for layer in layers:
            name = prefix + layer["name"]
            is_last = layer is layers[-1]
            if layer["kind"] == "add":
                made = self.node("Add", [held[layer["a"]], held[layer["b"]]], name)
            else:
                is_cut = layer["act"] == "relu6" and (self.ranges is None or is_last)
                both = [weights[f"{layer['name']}.{kind}"] for kind in ("weight", "bias")]
                made = self.convolution(layer, name, both, held[layer["input"]], raw[layer["input"]], is_cut)
            # The last activation goes to the heads as it is: its steps would be all that a quiet feature has.
            held[layer["name"]] = made if is_last else self.requantised(made)
            raw[layer["name"]] = name
            if layer["name"] == until:
                break
        return held

    def convolution(self, layer, name, both, x, raw, is_cut):
        stride, k = layer["stride"], layer["k"]
        # Sides are multiples of 32, so SAME padding is the same for all: worked out on one even side.
        before, after = same_padding(32 * stride, layer)
        weight, bias = both
        if raw == "input" and self.ranges is not None:
            bias = bias + weight.sum((1, 2, 3)) * (0.5 / 127.5)
        made = self.node(
            "Conv",
            [x, *self.weights(name, weight, bias, self.scale_of(raw))],
            f"{name}.linear" if is_cut else name,
            strides=[stride, stride],
            pads=[before, before, after, after],
            kernel_shape=[k, k],
            group=layer["cout"] if layer["kind"] == "depthwise" else 1,
        )
        if not is_cut:
            return made
        return self.node("Clip", [made, self.limit("zero", 0), self.limit("six", 6)], name)

    def limit(self, name, value):
        if all(each.name != name for each in self.constants):
            self.constant(name, value)
        return name

    def model(self, outputs, side=None):
        """`outputs`: {name: shape}; a string is a free dimension. `side`: the photo's, None where it is free."""
        height, width = (side, side) if side else ("height", "width")
        photo = helper.make_tensor_value_info("photo", TensorProto.UINT8, ["photos", height, width, 3])
        made = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in outputs.items()]
        graph = helper.make_graph(self.nodes, "vuon", [photo], made, self.constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="vuon")
        model.ir_version = IR
        onnx.checker.check_model(model)
        return model

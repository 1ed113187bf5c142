"""Makes of YuNet's file, which is for one size of pictures, a model for all."""

import numpy as np
import onnx
from onnx import helper, numpy_helper


def of_any_size(data: bytes) -> onnx.ModelProto:
    """Make YuNet take RGB bytes (1, height, width, 3) of any size that 32 divides.

    The file is made for 640x640 pixels, in the order BGR, as planes of floats.
    """
    model = onnx.load_from_string(data)
    graph = model.graph
    first = next(node for node in graph.node if node.op_type == "Conv")
    floats = helper.make_node("Cast", ["picture"], ["floats"], to=onnx.TensorProto.FLOAT)
    planes = helper.make_node("Transpose", ["floats"], [first.input[0]], perm=[0, 3, 1, 2])
    graph.node.insert(0, planes)
    graph.node.insert(0, floats)
    filters = next(value for value in graph.initializer if value.name == first.input[1])
    rgb = np.ascontiguousarray(numpy_helper.to_array(filters)[:, ::-1])
    filters.CopyFrom(numpy_helper.from_array(rgb, filters.name))
    shape: list[str | int | None] = [1, "height", "width", 3]
    graph.input[0].CopyFrom(helper.make_tensor_value_info("picture", onnx.TensorProto.UINT8, shape))
    del graph.value_info[:]
    for output in graph.output:
        output.type.tensor_type.shape.dim[1].dim_param = "places"
    onnx.checker.check_model(model, full_check=True)
    return model

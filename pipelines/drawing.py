"""Marks, words and PNG that the pictures of several stages are drawn with. What a picture shows is its stage's."""

import io
import json

import vl_convert
from PIL import Image

FONT = "Liberation Sans, Arial, sans-serif"           # the first comes with the renderer, so text never depends on a machine
INK = "#20272b"

Layer = dict[str, object]                             # of a Vega-Lite specification


def marks(kind: str, rows: list[dict[str, object]], **asked: object) -> Layer:
    """A mark for each row; what is asked for as a dict is read from the row or scaled, the rest is the same for all."""
    read = {name: value for name, value in asked.items() if isinstance(value, dict)}
    same = {name: value for name, value in asked.items() if name not in read}
    return {"data": {"values": rows}, "mark": {"type": kind, **same}, "encoding": read}


def text_at(text: str, x: float, y: float, *, size: int = 13, colour: str = INK, weight: str = "normal", align: str = "left") -> Layer:
    """A text at a place in the plot, in pixels from its upper left corner."""
    return marks("text", [{}], text=text, x=x, y=y, align=align, fontSize=size, fontWeight=weight, color=colour)


def on_scale(field: str, scaled: dict[str, object]) -> dict[str, object]:
    """A numeric field on a scale."""
    return {"field": field, "type": "quantitative", **scaled}


def render_png(layers: list[Layer], width: int, height: int, padding: dict[str, int]) -> bytes:
    """The picture, exactly as wide and high as plot and padding together, with a palette: about a fifth of the bytes."""
    config = {"font": FONT, "view": {"stroke": None}, "text": {"baseline": "middle"}}
    sized = {"width": width, "height": height, "autosize": "none", "padding": padding, "background": "#ffffff", "config": config}
    drawn = Image.open(io.BytesIO(vl_convert.vegalite_to_png(json.dumps({"layer": layers, **sized}), scale=1)))
    with io.BytesIO() as made:
        drawn.convert("RGB").quantize(256, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).save(made, "PNG", optimize=True)
        return made.getvalue()

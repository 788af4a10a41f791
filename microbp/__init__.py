"""microbp."""
from microbp.engine import Constant, Value, affine, define, total
from microbp.nonfinite import errstate
from microbp.ops import Op

from .occlusion import Explanation as Explanation
from .occlusion import FieldWeight as FieldWeight
from .occlusion import explain as explain

from .columns import Columns as Columns
from .findings import check_examples as check_examples
from .report import ReadReport as ReadReport
from .reading import read_documents as read_documents
from .reading import read_examples as read_examples
from .splitting import Splits as Splits
from .splitting import split_examples as split_examples

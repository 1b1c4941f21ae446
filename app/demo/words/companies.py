"""Names of companies that do not exist, under the reserved top-level domain .example (RFC 2606)."""

import numpy as np

from app.demo.words import words

STEMS = words(
    "Alder Amber Arbor Ashen Aspen Barley Birch Bracken Bramble Briar Cedar Chalk Cinder Clover Copper Coral Crane "
    "Cypress Dale Dapple Dove Drift Dune Ember Fallow Feather Fennel Fern Finch Flint Foxglove Garnet Gorse Granite "
    "Grove Harbour Hawthorn Hazel Heather Heron Hollow Indigo Iris Ivory Jasper Juniper Kestrel Lantern Larch Laurel "
    "Lichen Linden Loam Magpie Mallow Maple Marble Marsh Meadow Mica Mill Moor Moss Myrtle Nettle Nimbus Oaken Ochre "
    "Olive Onyx Orchard Osprey Otter Pebble Pewter Pine Plover Poplar Quarry Quill Raven Reed Ridge Robin Rowan Rush "
    "Russet Sable Saffron Sage Sedge Shale Silver Skylark Slate Sorrel Sparrow Spruce Starling Stone Swallow Tallow "
    "Tamarind Teal Thistle Thorn Thrush Timber Topaz Umber Velvet Vesper Walnut Warbler Wheat Willow Winter Wren "
    "Yarrow"
)

ENDINGS = words(
    "acre bank barrow beck bend bourne bridge brook burn by cairn cliff combe cote court croft dale dell den down "
    "edge fall field firth fold ford gate glen ham haven head heath hill holm holt hurst keep lake lea ley march mere "
    "mont moor mouth ness pass point pool reach ridge rise shaw shore side stead strand thorpe toft ton vale view "
    "wark watch water way well wharf wick wold wood worth yard"
)

TRADES = {
    "Software": ("Systems", "Software", "Cloud"),
    "Finance": ("Capital", "Insurance", "Savings"),
    "Healthcare": ("Clinics", "Health", "Care"),
    "Manufacturing": ("Works", "Tooling", "Components"),
    "Retail": ("Stores", "Outfitters", "Market"),
    "Logistics": ("Logistics", "Freight", "Couriers"),
    "Education": ("Academy", "Learning", "Schools"),
    "Media": ("Press", "Studios", "Publishing"),
    "Energy": ("Energy", "Solar", "Utilities"),
    "Hospitality": ("Hotels", "Catering", "Travel"),
}
INDUSTRIES = tuple(TRADES)
_TRADES = tuple((industry, trade) for industry, trades in TRADES.items() for trade in trades)


def christen(count: int, rng: np.random.Generator) -> tuple[list[str], list[str], list[str]]:
    """`count` distinct names, with the web domain and the industry of each."""
    rows, cycles = _combinations(count, rng)
    names, domains, industries = [], [], []
    for row, cycle in zip(rows, cycles, strict=True):
        rest, trade_at = divmod(row, len(_TRADES))
        stem_at, ending_at = divmod(rest, len(ENDINGS))
        industry, trade = _TRADES[trade_at]
        word = STEMS[stem_at] + ENDINGS[ending_at]
        numeral = f" {cycle + 1}" if cycle else ""
        names.append(f"{word} {trade}{numeral}")
        domains.append(f"{word}-{trade}{numeral.strip()}.example".lower())
        industries.append(industry)
    return names, domains, industries


def _combinations(count: int, rng: np.random.Generator) -> tuple[list[int], list[int]]:
    """Indices of word combinations without repetition; when the words run out, a numeral starts a new cycle."""
    available = len(STEMS) * len(ENDINGS) * len(_TRADES)
    cycles, picks = np.divmod(np.arange(count), available)
    return rng.permutation(available)[picks].tolist(), cycles.tolist()

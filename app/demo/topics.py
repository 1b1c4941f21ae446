"""What customers and staff talk about, on which channels, how often and in which mood."""

from dataclasses import dataclass, field

CHANNELS = ("email", "phone", "chat", "ticket", "social", "community", "in_app", "meeting")
DIRECTIONS = ("in", "out", "internal")
IN, OUT, INTERNAL = range(3)


@dataclass(frozen=True)
class Topic:
    code: str
    rate: float  # conversations a small account and month when all is well
    channels: dict[str, float]
    bad: float = 0.0  # share in a negative mood
    good: float = 0.0
    rises: dict[str, float] = field(default_factory=dict)  # by cause at full strength, conversations more a month
    begun_by: int = IN
    reply: str = "reply"  # how staff answer: about the product, the contract (terms) or with delight


TICKETS = {"ticket": 0.5, "chat": 0.3, "email": 0.2}
LETTERS = {"email": 0.6, "phone": 0.2, "meeting": 0.2}
TOPICS = (
    Topic("question", 0.24, TICKETS, 0.08, 0.15, {"failed_onboarding": 0.3, "usage_decline": -0.1}),
    Topic("bug", 0.12, TICKETS, 0.4, 0.0, {"friction": 0.7}),
    Topic("outage", 0.008, {"ticket": 0.7, "phone": 0.3}, 1.0, 0.0, {"friction": 0.16}),
    Topic("billing", 0.06, {"email": 0.6, "ticket": 0.4}, 0.2, 0.0, {"late_payment": 0.25}, reply="terms"),
    Topic("wish", 0.06, {"in_app": 0.4, "ticket": 0.2, "community": 0.4}, 0.15, 0.25),
    Topic("praise", 0.09, {"email": 0.35, "in_app": 0.3, "social": 0.2, "meeting": 0.15}, 0.0, 1.0, reply="delight"),
    Topic("grumble", 0.012, {"social": 0.5, "community": 0.5}, 1.0, 0.0, {"friction": 0.1, "price_shock": 0.04}),
    Topic("price", 0.012, LETTERS, 0.3, 0.0, {"price_shock": 0.3}, reply="terms"),
    Topic("rival", 0.008, LETTERS, 0.25, 0.0, {"competitor": 0.28}, reply="terms"),
    Topic("budget", 0.012, LETTERS, 0.35, 0.0, {"budget_cut": 0.22}, reply="terms"),
    Topic("farewell", 0.006, {"email": 1.0}, 0.0, 0.0, {"champion_left": 0.15}, reply="terms"),
    Topic("stuck", 0.0, TICKETS, 0.6, 0.0, {"failed_onboarding": 0.3}),
    Topic("idle", 0.008, LETTERS, 0.3, 0.0, {"usage_decline": 0.14, "idle_seats": 0.2, "lull": 0.06}, reply="terms"),
    Topic("check_in", 0.32, {"email": 0.45, "meeting": 0.35, "phone": 0.2}, begun_by=OUT, reply="terms"),
    Topic("note", 0.06, {"email": 1.0}, begun_by=INTERNAL, reply="terms"),
    Topic("letter", 0.0, {"email": 1.0}, rises={"price_shock": 0.5}, begun_by=OUT, reply="terms"),
)
TOPIC_CODES = tuple(topic.code for topic in TOPICS)

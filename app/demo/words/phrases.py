"""What customers and staff write, by topic and mood: an opening, a body about an area of the product, an ending."""

from itertools import product

AREAS = (
    "the weekly export", "the dashboard", "single sign-on", "the mobile app", "the data import",
    "the notification feed", "the permissions page", "the API", "the search", "the calendar view",
    "the approval flow", "the audit log",
)  # fmt: skip

NEGATIVE, NEUTRAL, POSITIVE = range(3)
Pool = tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]

HELLO = ("Hi,", "Hello,", "Good morning,", "Hi team,", "Hello there,")
BLUNT = ("Hi,", "Hello,", "", "Once more:", "To whom it may concern,")
THANKS = ("Thanks.", "Thank you.", "Best regards.", "Looking forward to your answer.", "")
WEARY = ("This is frustrating.", "We are losing patience.", "Please treat this as urgent.", "I am disappointed.", "")
GLAD = ("Thank you so much!", "Keep up the great work.", "We love it.", "Really appreciated!", "")

PHRASES: dict[tuple[str, int], Pool] = {
    ("question", NEUTRAL): (
        HELLO,
        (
            "where do I find the settings for {area}?",
            "a colleague asked how {area} works for someone who has a guest login.",
            "can we change who in our team sees {area}?",
            "is there a guide for {area}? We have two people starting on Monday.",
            "how many rows does {area} take at once?",
        ),
        THANKS,
    ),
    ("question", POSITIVE): (
        HELLO,
        (
            "we are happy with {area} and would like to use more of it. Where should we begin?",
            "{area} is a great help to us. Can it be shared with our partners as well?",
            "I enjoyed your webinar on {area}. Is there a recording for my team?",
        ),
        GLAD,
    ),
    ("question", NEGATIVE): (
        BLUNT,
        (
            "the help page for {area} is confusing and out of date. How is this supposed to work?",
            "I have been searching for an hour and still cannot understand {area}.",
            "nobody here can make sense of {area}, and the documentation is no help at all.",
        ),
        WEARY,
    ),
    ("bug", NEGATIVE): (
        BLUNT,
        (
            "{area} has failed again this morning. My team cannot work like this.",
            "we get an error in {area} every second time. It is annoying and it costs us hours.",
            "{area} is broken for 14 of our users, and the last fix made it worse.",
            "{area} lost our changes. We had to type in everything again, which is unacceptable.",
            "this is the third problem with {area} this month. I am tired of reporting the same bug.",
        ),
        WEARY,
    ),
    ("bug", NEUTRAL): (
        HELLO,
        (
            "{area} shows yesterday's figures since about nine o'clock. Screenshot attached.",
            "in {area} the second page stays empty in one browser and loads in another.",
            "{area} gives a message with code 422 when the file has more than 5,000 rows.",
            "the time zone in {area} is one hour off since the clocks changed.",
        ),
        THANKS,
    ),
    ("outage", NEGATIVE): (
        ("URGENT:", "Hi,", "Again:", ""),
        (
            "{area} is down for our whole company. This is a disaster right before our month end.",
            "nobody can log in and {area} has been failing for three hours. This is critical for us.",
            "we are losing money every hour that {area} does not work. I need a manager to call me now.",
            "{area} is down for the second time in two weeks. Our board is asking why we pay for this.",
        ),
        ("Please escalate.", "We are angry and worried.", "Call me.", "This is terrible."),
    ),
    ("billing", NEUTRAL): (
        HELLO,
        (
            "could you resend the last invoice to our new billing address?",
            "our purchase order number changed, please put it on the next invoice.",
            "can we pay by bank transfer instead of by card?",
            "which seats does line 2 of the invoice refer to?",
        ),
        THANKS,
    ),
    ("billing", NEGATIVE): (
        BLUNT,
        (
            "the invoice is wrong again: it lists people who left us months ago.",
            "payment is delayed on our side, our finance department has a problem with cash this quarter.",
            "we were charged twice and nobody answers. This is a serious problem for our bookkeeping.",
            "we cannot pay this invoice yet; I am sorry, our budget is blocked.",
        ),
        WEARY,
    ),
    ("wish", NEUTRAL): (
        HELLO,
        (
            "it would be good to have filters in {area} that can be saved.",
            "could {area} send a summary once a week instead of every day?",
            "do you plan to bring {area} to tablets?",
            "we would use {area} more if it had templates.",
        ),
        THANKS,
    ),
    ("wish", POSITIVE): (
        HELLO,
        (
            "we love {area}! A shortcut for the most used action would make it perfect.",
            "{area} saves us a lot of time. An extra column for the region would be wonderful.",
        ),
        GLAD,
    ),
    ("wish", NEGATIVE): (
        BLUNT,
        (
            "we asked for a better {area} a year ago and nothing has happened. That is disappointing.",
            "{area} still lacks the basics that other tools have. It is a poor experience.",
        ),
        WEARY,
    ),
    ("praise", POSITIVE): (
        HELLO,
        (
            "just to say that the new version of {area} is excellent. My team is delighted.",
            "your support was fantastic last week, the issue with {area} was solved within the hour.",
            "we finished our quarter two days early thanks to {area}. Great product!",
            "I recommended you to a friend at another company; {area} alone is worth it.",
            "the training was very good, and people here really enjoy {area} now.",
        ),
        GLAD,
    ),
    ("grumble", NEGATIVE): (
        ("Honestly,", "Is it just me?", "Sigh.", "Third week in a row:"),
        (
            "{area} is so slow that I make coffee in between. Bad.",
            "support takes days to answer about {area}, and then the answer is useless.",
            "{area} used to be good. Now it is full of bugs and the price goes up.",
            "I hate what they did to {area}. What a terrible update.",
        ),
        ("Anyone found a better tool?", "Disappointed.", "Not recommended.", ""),
    ),
    ("price", NEGATIVE): (
        BLUNT,
        (
            "we have seen the new price. An increase like this is hard to justify for what we use.",
            "the price rise came as an unpleasant shock. Our finance director will not accept it.",
            "your renewal offer is far too expensive. With this increase we will have to reconsider.",
            "for that price we would have to cut seats or leave. Is there any room to negotiate?",
        ),
        ("I am disappointed.", "Please come back with a better offer.", "This is a bad surprise.", ""),
    ),
    ("price", NEUTRAL): (
        HELLO,
        (
            "could you send us the price list for next year?",
            "please prepare an offer for 12 and for 24 months, we compare both.",
            "our purchasing team asks for a breakdown of the renewal price by seat.",
        ),
        THANKS,
    ),
    ("rival", NEGATIVE): (
        BLUNT,
        (
            "a competitor showed us {area} last week, and frankly yours looks weak beside it.",
            "our management wants to switch to a cheaper vendor. I have to present alternatives this month.",
            "we are unhappy enough to evaluate other tools; {area} is the main problem.",
        ),
        ("What can you offer us?", "I need arguments.", ""),
    ),
    ("rival", NEUTRAL): (
        HELLO,
        (
            "how do we export all our data, with attachments, in one go?",
            "we are running a vendor review and need your security documents and contract terms.",
            "what is the notice period in our contract?",
            "could you tell us how {area} compares with what others offer? We have a trial running elsewhere.",
        ),
        THANKS,
    ),
    ("budget", NEGATIVE): (
        BLUNT,
        (
            "our budget for next year was cut by a fifth and every tool is under review. I am worried about this one.",
            "there is a hiring freeze and bad pressure on costs. We may have to cancel what we do not need.",
            "finance refuses to sign anything before the new year. It is a difficult time here.",
        ),
        ("Sorry about that.", "I will fight for it but it is hard.", ""),
    ),
    ("budget", NEUTRAL): (
        HELLO,
        (
            "we are planning next year's budget and need the expected cost by department.",
            "could the renewal start in the new budget year, two months later?",
            "purchasing asks which of our seats are used.",
        ),
        THANKS,
    ),
    ("farewell", NEUTRAL): (
        HELLO,
        (
            "this is to let you know that I am leaving the company at the end of the week.",
            "our colleague who looked after {area} has moved on. For the moment please write to me.",
            "we have a new manager from next month, who has not worked with your product before.",
        ),
        ("Regards.", "It was a pleasure.", "I will let you know who takes over.", ""),
    ),
    ("stuck", NEGATIVE): (
        BLUNT,
        (
            "we signed weeks ago and still have no data in it. {area} does not work for us.",
            "our setup is stuck at {area}, and nobody on our side has the time to fight with it.",
            "the start has been a disappointment: {area} is too complicated and training was cancelled twice.",
        ),
        WEARY,
    ),
    ("stuck", NEUTRAL): (
        HELLO,
        (
            "we have not come round to setting up {area} yet. Can the kick-off be moved by three weeks?",
            "who should do the setup of {area}, your team or ours?",
        ),
        THANKS,
    ),
    ("idle", NEUTRAL): (
        HELLO,
        (
            "only a few of us use it at present. Can we reduce the number of seats?",
            "the project that needed {area} has ended. We will see what comes next.",
            "please deactivate 6 users, they work with another system now.",
        ),
        THANKS,
    ),
    ("idle", NEGATIVE): (
        BLUNT,
        (
            "honestly, people stopped using {area}. They find it a waste of time.",
            "we pay for seats nobody uses, which is hard to defend. The team never liked {area}.",
        ),
        ("That is the sad truth.", "We should talk.", ""),
    ),
    ("check_in", NEUTRAL): (
        ("Hi,", "Hello,", "Notes from today:"),
        (
            "how is the team getting on with {area}? I have half an hour on Thursday.",
            "we went through the last quarter and agreed on two next steps for {area}.",
            "I saw that you began to use {area} and can show you a shorter way.",
            "before your renewal I would like to hear what matters to you next year.",
        ),
        ("Which day suits you?", "Best regards.", "I will send a summary.", ""),
    ),
    ("note", NEUTRAL): (
        ("Note:", "For the file:", "Internal:"),
        (
            "spoke with their admin, next step is a session on {area}.",
            "asked product for a date on {area}, answer expected next sprint.",
            "account plan updated, owner of {area} on their side is to be confirmed.",
        ),
        ("",),
    ),
    ("letter", NEUTRAL): (
        HELLO,
        (
            "your contract comes up for its yearly review. Enclosed is the new price list, valid from the review day.",
            "as announced, prices change with your next contract year. The attachment shows what that means for you.",
        ),
        ("Happy to talk it through.", "Best regards."),
    ),
    ("reply", NEUTRAL): (
        HELLO,
        (
            "thanks for writing. The settings for {area} are under Administration, second tab.",
            "I have looked at your account: {area} is set up as intended, and a step-by-step guide is attached.",
            "our engineers look into {area}; I will write again tomorrow.",
            "this is done. Please reload {area} and tell me whether it looks right.",
        ),
        ("Best regards.", "Let me know if anything is open.", ""),
    ),
    ("reply", NEGATIVE): (
        HELLO,
        (
            "I am sorry about the trouble with {area}. A fix is on its way and I stay on it until it is out.",
            "apologies for this. I have raised {area} with our head of support and will call you today.",
            "I understand that this is not good enough. Here is what we do about {area}, step by step.",
        ),
        ("Sorry again.", "You will hear from me by five o'clock.", ""),
    ),
    ("terms", NEUTRAL): (
        HELLO,
        (
            "thanks for letting me know. You will have the papers by tomorrow.",
            "done, the change is on your account as of today.",
            "I have passed this to our contracts team and will come back to you on Thursday.",
            "shall we take fifteen minutes this week to go through it together?",
        ),
        ("Best regards.", "Let me know if anything is open.", ""),
    ),
    ("terms", NEGATIVE): (
        HELLO,
        (
            "I am sorry that this comes at a bad time. Let us look at which seats you need and find a way.",
            "I understand the concern. May I show your management what the team gets out of it?",
            "apologies, this should not have happened. I have asked our accounts team to put it right today.",
        ),
        ("I will call you this afternoon.", "Which day suits you?", ""),
    ),
    ("delight", NEUTRAL): (
        HELLO,
        ("thank you, you made our day!", "I have shared this with the people who built it.", "that is lovely to hear."),
        ("Best regards.", "May we quote you?", ""),
    ),
    ("nod", NEUTRAL): (
        ("Hi,", "Hello,", ""),
        ("Thursday works for us.", "received, I will pass it on.", "noted.", "I will talk to our management."),
        ("Thanks.", ""),
    ),
    ("nod", POSITIVE): (
        ("Hi,", "Hello,", ""),
        ("that sounds good to us.", "great, thanks for taking care of it.", "a good meeting, it helped us a lot."),
        ("Thank you!", "Much appreciated.", ""),
    ),
    ("nod", NEGATIVE): (
        ("Sorry,", "Hi,", ""),
        (
            "that does not help us, I am afraid.",
            "we have no time for a meeting; there are bigger problems here at the moment.",
            "this is not what we had hoped for.",
        ),
        ("Disappointing.", ""),
    ),
    ("answer", NEUTRAL): (
        ("Hi,", "Hello,", ""),
        ("received, I will pass it on.", "that answers it for {area}.", "noted, we will try it in {area}."),
        ("Thanks.", ""),
    ),
    ("answer", POSITIVE): (
        ("Hi,", "Hello,", ""),
        ("perfect, {area} works now.", "that was quick, great help!", "wonderful, that is what we needed for {area}."),
        ("Thank you!", "Thanks a lot, much appreciated.", ""),
    ),
    ("answer", NEGATIVE): (
        ("No.", "Sorry,", ""),
        (
            "this does not solve it, {area} still fails.",
            "that is the same useless answer as last time.",
            "we are still waiting, and the problem with {area} gets worse.",
        ),
        ("Unacceptable.", "This is frustrating.", ""),
    ),
    ("rating", NEGATIVE): (
        ("",),
        ("Took far too long.", "The problem is still there.", "Not helpful.", "Bad experience with {area}."),
        ("",),
    ),
    ("rating", NEUTRAL): (("",), ("Okay.", "It was fine.", "Answered in the end.", ""), ("",)),
    ("rating", POSITIVE): (
        ("",),
        ("Quick and friendly, thank you!", "Great support.", "Very helpful answer about {area}.", ""),
        ("",),
    ),
}

SUBJECTS: dict[str, str] = {
    "question": "How do we use {area}?",
    "bug": "Problem with {area}",
    "outage": "URGENT: {area} not available",
    "billing": "Question about our invoice",
    "wish": "An idea for {area}",
    "praise": "Well done",
    "grumble": "",
    "price": "Renewal price",
    "rival": "Vendor review",
    "budget": "Next year's budget",
    "farewell": "Change in our team",
    "stuck": "Getting started with {area}",
    "idle": "Our seats",
    "check_in": "Checking in",
    "note": "Account note",
    "letter": "Your contract review",
}


def sentences(pool: Pool, area: str) -> list[str]:
    """Every text of a pool about one area, sentences beginning with a capital."""
    openings, bodies, endings = pool
    parts = product(openings, bodies, endings)
    return [_joined(opening, body.format(area=area), ending) for opening, body, ending in parts]


def _joined(opening: str, body: str, ending: str) -> str:
    if not opening.endswith(","):
        body = body[:1].upper() + body[1:]
    return " ".join(part for part in (opening, body, ending) if part)

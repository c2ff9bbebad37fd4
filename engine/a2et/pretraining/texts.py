"""What is said in the training speech: sentences made from word lists, no two alike, and a few in other languages."""

from __future__ import annotations

import random
from collections.abc import Iterator

LISTS = 0.4
"""Share of English sentences that are lists."""
_PEOPLE = (
    "my brother", "the baker", "a young woman", "our teacher", "the whole family", "somebody", "the old farmer", "Emma",
    "her best friend", "the mayor", "a famous painter", "Peter", "the new doctor", "nobody", "both of them",
    "my mother", "the bus driver", "Philip", "a group of pupils", "the woman above us", "our neighbour", "the choir",
    "a small boy",
)  # fmt: skip
_ACTS = (
    "bought", "found", "remembered", "painted", "moved", "opened", "watched", "forgot", "brought", "measured", "loved",
    "borrowed", "described", "built", "cleaned", "photographed", "hid", "counted", "repaired", "explained", "showed me",
    "wrapped up", "thought about", "looked for", "gave away", "put down", "pulled out", "pushed", "shook", "threw",
)  # fmt: skip
_THINGS = (
    "a big blue umbrella", "the broken piano", "some fresh bread", "a map of the village", "five apples",
    "the wooden boat", "a warm pullover", "the first chapter", "an enormous pumpkin", "the theatre tickets",
    "a box of old photographs", "the bathroom mirror", "a bowl of soup", "her favourite film", "the empty bottle",
    "two pairs of shoes", "the weather", "a shiny trumpet", "the museum", "seven yellow butterflies",
    "a cup of coffee", "the password", "a thick paper bag", "the vegetable garden", "an unusual voice",
    "the railway bridge", "a very good question", "what we had planned", "the judge's opinion", "a beautiful view",
    "the chocolate cake", "a whole month of work", "the shop window",
)  # fmt: skip
_PLACES = (
    "in the middle of the market", "behind the house", "by the river", "at half past four", "before breakfast",
    "in May", "on the way home", "above the roof", "without a sound", "from the very beginning", "in the warm rain",
    "last Friday", "under the table", "near the harbour", "during the summer", "with both hands", "for a few weeks",
    "every morning", "at the top of the stairs", "between two meetings", "in a small room", "far away from here",
    "as fast as possible",
)  # fmt: skip
_CLAUSES = (
    "but I am not so sure", "and everybody laughed", "because it was cheap", "although the fog was thick",
    "so we all went home", "which made me smile", "and that was that", "if you know what I mean",
    "or maybe it was June", "while the others were waiting outside", "and the puppy barked",
    "as if it were the most normal thing in the world",
)  # fmt: skip
_SHORT = (
    "What a lovely surprise!", "Could you please move over?", "I do not believe you.", "Why on earth would we do that?",
    "Well, let me think about it for a moment.", "Oh no, not again!", "Me too.", "You may be right about that.",
    "How much does the room cost?", "We will see you on Wednesday.", "Thank you very much for everything.",
    "Whoever knows?", "Be careful, the pavement is wet.", "That is exactly what I mean.", "Just a moment, please.",
    "Have you ever been there?",
)  # fmt: skip
# lists of things of which some sounds are rare otherwise: the s of measure, you and few, ch, j and sh, er, lips that
# close at the end of a word; between them the pauses of a list, and an s or z that meets a sh
_COUNTS = (
    "those", "these", "his", "this", "a few", "such", "which", "your", "her", "each", "our usual", "the", "my", "whose",
    "just", "two", "you choose", "no", "us", "use",
)  # fmt: skip
_KINDS = (
    "beige", "huge", "unusual", "cheap", "purple", "casual", "Asian", "Persian", "cute", "shabby", "sharp", "deep",
    "visual", "human", "juicy", "thirsty", "early", "ripe", "stubborn", "shiny", "unique", "rouge", "charming", "pure",
    "shallow", "drab", "superb", "worn", "nervous", "rich", "azure", "French", "dirty", "useful", "firm", "global",
)  # fmt: skip
_NAMES = (
    "treasure", "garage", "television", "decision", "massage", "mirage", "division", "version", "explosion", "pleasure",
    "collision", "camouflage", "measure", "seizure", "illusion", "collage", "occasion", "conclusion", "confusion",
    "composure", "erosion", "leisure centre", "closure", "regime", "genre", "sabotage", "menu", "view", "cube", "fuse",
    "cucumber", "barbecue", "tissue", "rescue", "uniform", "youth", "computer", "beauty", "music", "volume", "virtue",
    "cup", "tub", "map", "rib", "soup", "club", "ship", "tape", "job", "rope", "web", "sheep", "cab", "tulip", "verb",
    "church", "nurse", "journey", "shirt", "bird", "world", "search", "turtle", "purse", "worm", "earl", "sugar",
    "shoe", "choice", "joke", "page", "bridge", "catch", "ash", "brush", "jury", "juice", "shop", "chef", "joy",
    "chair", "jewel", "cushion", "ocean", "bush", "shadow", "chart", "gym", "wash", "shower", "euro", "urge",
)  # fmt: skip
OTHERS = {
    "de": (
        "Am Morgen gehe ich mit meiner Mutter auf den Markt und kaufe Brot, Butter und Äpfel.",
        "Über den Bergen liegt schon wieder ein bisschen Schnee.",
        "Wo um alles in der Welt hast du mein Buch versteckt?", "Fünf große Schiffe fuhren langsam an uns vorbei.",
        "Das war wirklich ein schöner Abend, vielen Dank dafür.",
        "Der Bäcker öffnet um halb sieben und verkauft frische Brötchen.",
    ),
    "fr": (
        "Bonjour, je voudrais un peu de beurre et du pain, s'il vous plaît.", "Nous avons vu un beau film au cinéma.",
        "Ma mère habite au bord de la mer depuis vingt ans.", "Où est-ce que vous avez acheté ce parapluie bleu ?",
        "Les feuilles tombent doucement dans le jardin public.",
        "Il faut que je parle avec monsieur Dupont demain matin.",
    ),
    "es": (
        "Mañana por la mañana vamos a comprar pan, queso y uvas.", "Mi hermano toca el piano mientras preparo la sopa.",
        "¿Puedes abrir la ventana, por favor?", "El barco blanco pasó muy despacio por debajo del puente.",
        "Me gusta mucho la música de los años ochenta.", "Nunca olvidaré aquel verano en el pueblo de mi abuela.",
    ),
    "it": (
        "Buongiorno, vorrei un caffè e due paste, per favore.", "Mia nonna prepara sempre una buona minestra.",
        "Dove hai messo le chiavi della macchina?", "Il treno per Bologna parte fra poco dal binario quattro.",
        "Che bella giornata, andiamo a fare una passeggiata!", "Abbiamo comprato un piccolo tavolo per il balcone.",
    ),
    "pt": (
        "Bom dia, queria um café e um pão com manteiga.", "O meu pai trabalha numa pequena oficina perto do porto.",
        "Vamos embora antes que comece a chover.", "Onde é que puseste o mapa da cidade?",
    ),
    "nl": (
        "Morgen gaan we met de boot naar de overkant.", "Mijn buurman speelt elke avond op zijn piano.",
        "Waar heb je mijn boek over vogels gelaten?", "Het was een heel mooie zomer op het platteland.",
    ),
    "pl": (
        "Dzień dobry, poproszę bułkę i butelkę wody.", "Moja babcia mieszka w małym domu pod lasem.",
        "Gdzie położyłeś mapę miasta?", "W sobotę pojedziemy pociągiem nad morze.",
    ),
    "hu": (
        "Jó reggelt, kérek egy kenyeret és két üveg vizet.", "A nagymamám egy kis faluban lakik az erdő mellett.",
        "Hová tetted a könyvemet?", "Öt nagy hajó úszott lassan a híd alatt.", "Nyáron gyakran fürdünk a tóban.",
    ),
    "fi": (
        "Huomenna menemme torille ostamaan leipää ja voita.", "Isoäitini asuu pienessä talossa järven rannalla.",
        "Missä minun kirjani on?", "Viisi isoa laivaa purjehti hitaasti sillan ohi.", "Yöllä satoi paljon lunta.",
    ),
    "ru": (
        "Доброе утро, я хотел бы купить хлеб и молоко.", "Моя бабушка живёт в маленьком доме у реки.",
        "Куда ты положил мою книгу?", "Летом мы часто ездим на море.", "Пять больших кораблей плыли под мостом.",
    ),
    "cs": (
        "Dobrý den, prosím dva rohlíky a láhev vody.", "Moje babička bydlí v malém domě u lesa.",
        "Kam jsi dal mou knihu?", "V sobotu pojedeme vlakem do Prahy.", "Včera večer pršelo a foukal vítr.",
    ),
    "ro": (
        "Bună dimineața, aș vrea o pâine și o cafea.", "Bunica mea locuiește într-o casă mică lângă pădure.",
        "Unde ai pus cartea mea?", "Vara mergem des la mare.", "Cinci corăbii mari au trecut încet pe sub pod.",
    ),
    "id": (
        "Selamat pagi, saya mau beli roti dan kopi.", "Nenek saya tinggal di rumah kecil dekat sungai.",
        "Di mana kamu menaruh buku saya?", "Besok kami pergi ke pasar bersama ibu.", "Hujan turun sepanjang malam.",
    ),
    "ja": (
        "おはようございます、パンとコーヒーをください。", "わたしのそぼはもりのちかくのちいさないえにすんでいます。",
        "ほんをどこにおきましたか。", "なつはよくうみへいきます。", "ふねがゆっくりはしのしたをとおりました。",
    ),
}  # fmt: skip
"""Sentences in other languages, by the name of their espeak-ng voice."""
UNHEARD = {
    "sv": (
        "I morgon bitti ska vi köpa bröd, smör och färska bullar.", "Min mormor bor i ett litet hus nära sjön.",
        "Var har du gömt boken om fåglar?", "Det var en mycket vacker sommar på landet.",
        "Fem stora båtar seglade långsamt förbi bron.", "Kan du öppna fönstret, är du snäll?",
    ),
    "tr": (
        "Yarın sabah pazara gidip ekmek, peynir ve üzüm alacağız.", "Büyükannem köyde küçük bir evde oturuyor.",
        "Kitabımı nereye koydun?", "Bu akşam bütün aile birlikte yemek yiyor.",
        "Beş büyük gemi yavaşça köprünün altından geçti.", "Pencereyi açabilir misin, lütfen?",
    ),
}  # fmt: skip
"""Languages that nothing learns from, to be judged on."""


def english(seed: int, lists: float = LISTS) -> Iterator[str]:
    """English sentences without end, the same for the same seed.

    Args:
        seed: of their choice.
        lists: share of lists, in which rare sounds are common.
    """
    chance = random.Random(seed)
    while True:
        if chance.random() < lists:
            yield _listed(chance)
            continue
        kind = chance.random()
        if kind < 0.15:
            yield chance.choice(_SHORT)
            continue
        parts = [chance.choice(_PEOPLE), chance.choice(_ACTS), chance.choice(_THINGS)]
        if kind < 0.8:
            parts.append(chance.choice(_PLACES))
        if kind > 0.6:
            parts[-1] += ","
            parts.append(chance.choice(_CLAUSES))
        sentence = " ".join(parts)
        yield sentence[0].upper() + sentence[1:] + chance.choice("...!?")


def _listed(chance: random.Random) -> str:
    """Two or three things, now and then somebody who did something with them."""
    things = []
    for _ in range(chance.choice((2, 3))):
        kind = [chance.choice(_KINDS)] if chance.random() < 0.7 else []
        things.append(" ".join([chance.choice(_COUNTS), *kind, chance.choice(_NAMES)]))
    said = ", ".join(things[:-1]) + chance.choice((", or ", ", and ", ", ", " and ", "; ")) + things[-1]
    if chance.random() < 0.5:
        said = f"{chance.choice(_PEOPLE)} {chance.choice(_ACTS)} {said}"
    return said[0].upper() + said[1:] + chance.choice(".!?")


def foreign(language: str, seed: int) -> Iterator[str]:
    """Sentences of another language in random order, again and again."""
    chance = random.Random(seed)
    while True:
        known = OTHERS.get(language) or UNHEARD[language]
        yield from chance.sample(known, len(known))

"""Bodies of forms on which receivers differ: made by hand, and of odd pieces at random."""

from __future__ import annotations

import random
from functools import cache

PIECES = [
    *(b"a b a b c 0 1 2 5 19 20 25 [ ] [] [] [a] [b] [0] [1] [3] [19] [20] %5B %5d [a]".split()),
    *(b"= = = = =1 =x =2 & & & & & + %20 ; % %zz %FF %C3%A9 \xc3\xa9 \xff %00 %0A .".split()),
    *(b"__proto__ toString [constructor] -1 08 [9007199254740993] 4294967295 %25 %2B".split()),
    *(b'[a][b] [][a] [][b] "'.split()),
    *(b" ", b"\0", b"\n"),
]
_KEYS = b"[] [] [a] [b] [0] [1] [5] [19] [20] [99] [120] x [[a]] [ ] [a [9007199254740992]".split()
_VALUES = [b"=1", b"=2", b"=", b"", b"=x", b"=%C3%A9", b"=a=b", b"=a]=b"]

HAND_MADE = {
    "text, then hash": b"a=1&a[b]=2",
    "hash, then text": b"a[b]=1&a=2",
    "text, then list": b"a=1&a[]=2",
    "list, then text": b"a[]=1&a=2",
    "list, then empty text": b"a[]=1&a=",
    "list, then hash": b"a[]=1&a[b]=2",
    "hash, then list": b"a[b]=1&a[]=2",
    "hash, then texts": b"a[b]=1&a=2&a=3&a[c]=4&a=5",
    "list and index": b"a[]=1&a[0]=2&a[1]=3",
    "index and list": b"a[0]=1&a[]=2",
    "indices out of order": b"a[2]=x&a[0]=y&a[1]=z",
    "indices with a gap": b"a[1]=x&a[5]=y",
    "index 19": b"a[19]=x",
    "index 20": b"a[20]=x",
    "index 20, then more": b"a[20]=x&a[]=y&a[0]=z&a=w",
    "index beyond a double": b"a[9007199254740993]=x&a=y",
    "index as large as a double": b"a[9007199254740992]=x&a=y&a=z",
    "20 of a list": b"&".join(b"a[]=%d" % n for n in range(20)),
    "21 of a list": b"&".join(b"a[]=%d" % n for n in range(21)),
    "22 indices": b"&".join(b"a[%d]=%d" % (n, n) for n in range(22)),
    "30 participants": b"&".join(b"p[%d][name]=n%d" % (n, n) for n in range(30)),
    "110 of a list": b"&".join(b"a[]=%d" % n for n in range(110)),
    "7 levels": b"a[b][c][d][e][f][g][h]=1",
    "5 levels": b"a[b][c][d][e][f]=1",
    "32 levels": b"a" + b"[b]" * 32 + b"=1",
    "33 levels": b"a" + b"[b]" * 33 + b"=1",
    "99 levels": b"a" + b"[b]" * 99 + b"=1",
    "100 levels": b"a" + b"[b]" * 100 + b"=1&c=2",
    "1,000 pairs": b"&".join(b"n%d=x" % n for n in range(1000)),
    "1,001 pairs": b"&".join(b"n%d=x" % n for n in range(1001)),
    "1,200 pairs": b"&".join(b"n[%d]=x" % n for n in range(1200)),
    "1,001 empty pairs": b"&" * 1001 + b"a=1",
    "4,096 pairs": b"&".join([b"a=1"] * 4096),
    "4,097 pairs": b"&".join([b"a=1"] * 4097),
    "long names": b"&".join(b"n%d%s=1" % (n, b"x" * 250) for n in range(300)),
    "long names, apart": b"&".join(b"a[%d][%s]=1" % (n, b"x" * 250) for n in range(300)),
    "more than 100 kB": b"a=" + b"x" * 102_400,
    "elements of hashes": b"a[][b]=1&a[][c]=2&a[][b]=3&a[][c]=4",
    "deep elements": b"a[][b][c]=1&a[][b][d]=2&a[][b][c]=3",
    "elements of lists": b"a[][]=1&a[][]=2",
    "an element's own list": b"a[][b][]=1&a[][b][]=2&a[][c]=3",
    "empty brackets after an element": b"a[][b]=1&a[][]=2",
    "brackets only": b"[]=1&[=2&]=3&[[]]=4",
    "empty brackets within": b"a[[]]=1&a[][[]]=2&b[c]=1&b[]][d]=2",
    "no equals sign": b"a&b[c]&d[]",
    "no equals sign, then a hash": b"a&a[b]=1&c&c[]=2",
    "no name": b"=1&a=2",
    "a space after the sign": b"a=1& b=2&  c=3& &d=4",
    "semicolons": b"a=1;b=2&c=3",
    "a percent sign": b"a=100%&b=1",
    "half an escape": b"a=%4&b=1",
    "a percent sign in a name": b"a%=1&b=2",
    "not UTF-8, escaped": b"a=%FF&b=%E2%82",
    "not UTF-8, escaped, in a name": b"a%FF=1&b=2",
    "not UTF-8": b"a=\xff&b=1",
    "not UTF-8, in a name": b"a\xff=1&b=1",
    "a byte order mark": b"\xef\xbb\xbfa=1&\xef\xbb\xbfb=2",
    "NUL at the end": b"a=1&b=2\0",
    "NUL within": b"a=1\0&b=2",
    "names of a prototype": b"toString=1&a[constructor]=2&__proto__[x]=3&hasOwnProperty[y]=4&b=5",
    "numbers for names": b"10=a&b=c&2=d&-1=e&01=f&4294967294=g&4294967295=h",
    "numbers among keys": b"a[b]=1&a[07]=2&a[30]=3&a[25]=4",
    "a bracket never closed": b"a[b=1&c[d][e=2",
    "text between brackets": b"a[b]c[d]=1&e[f]g=2",
    "brackets within brackets": b"a[b[c]]=1&a[[d]]=2",
    "an equals sign in a name": b"a[b=c]=1&d=e]=f",
    "an empty value, then more": b"a=&a=1&b=1&b=",
    "an empty value for a hash": b"a[b]=1&a[c]x=&a[c]=2",
    "one path, two spellings": b"a[b]=1&a[b]x=2&a[b]y=",
    "a list of lists": b"a[0][]=1&a[0][]=2&a[1][]=3&a[][0]=4",
    "conflicts that go on": b"a[b][c]=1&a[b]=2&a[b][d]=3&a[b]x=4&a[b][9]=5&a[b]y=6&a[b][07]=7",
    "an object for a list, then texts": (
        b"a[b][25]=1&a[b]=2&a[b]x=3&a[b][30]=4&a[b]y=5&a[b][]=6&a[b][c]=7&a[b]z=8"
    ),
    "an object that becomes one for a list": b"a[b]=1&a[25]=2&a=3&a[]x=4",
    "dots": b"a.b=1&a.b[c.d]=2",
    "line feeds": b"a%0A[]b=1&a[x%0A[]y]=2&a[]%0Ab=3",
    "pluses and escapes": b"a+b=c+d&e%20f=%2B&g%5Bh%5D=%26%3D",
    "lower-case escapes": b"a%5bb%5d=%c3%a9",
    "a value with brackets": b"a=%5Bx%5D&b=[y]&c=%FF%5B",
    "many values of one name": b"&".join([b"a=1"] * 25),
    "a text, then 20 of a list": b"a=x&" + b"&".join(b"a[]=%d" % n for n in range(20)),
    "a text, then index 19": b"a=x&a[19]=y",
}


@cache
def list_ticket() -> bytes:
    """A ticket on which receivers differ most: large, deep, long, and of two minds."""
    ticket = b"ticket"
    participants = (
        b"%s[participants][%d][person][primary_email][email]=p%d%%40example.com" % (ticket, n, n)
        for n in range(30)
    )
    return b"&".join(
        [
            b"%s[id]=5&%s[subject]=Gr%%C3%%BC%%C3%%9Fe+%%26+mehr" % (ticket, ticket),
            *participants,
            b"ticket[a][b][c][d][e][f][g]=deep",
            b"ticket[mixed][]=1&ticket[mixed][0]=2&ticket[mixed][]=3",
            b"ticket[both]=text&ticket[both][]=list",
            *(b"custom_data[field_%d]=%d" % (n, n) for n in range(1200)),
        ]
    )


def make_body(chance: random.Random) -> bytes:
    """A body of odd pieces, or of names that meet one another."""
    if chance.random() < 0.5:
        pool = [*chance.sample(PIECES, 12), b"a", b"=1", b"&", b"[", b"]", b"[]"]
        return b"".join(chance.choice(pool) for _ in range(chance.randrange(1, 30)))
    pairs = [
        chance.choice([b"a", b"a", b"b", b"a", b"0", b"5", b""])
        + b"".join(chance.choice(_KEYS) for _ in range(chance.choice([0, 1, 1, 2, 2, 3, 7])))
        + chance.choice(_VALUES)
        for _ in range(chance.randrange(1, 9))
    ]
    return b"&".join(pairs * (chance.randrange(2, 30) if chance.random() < 0.1 else 1))

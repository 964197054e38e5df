import { checkDigit } from './digital-link.ts'

/**
 * What stands in a part of an AI's value beyond its characters and its length (GS1 Syntax Dictionary, "linters"). Each
 * rule gets the part and says what is wrong with it, or undefined.
 */
type ContentRule = (text: string) => string | undefined

// Character set 82, set 39 (with #, - and /), base64url.
const CHARACTERS: Readonly<Record<string, RegExp>> = {
  N: /^\d*$/,
  X: /^[!"%&'()*+,\-./0-9:;<=>?A-Z_a-z]*$/,
  Y: /^[#\-/0-9A-Z]*$/,
  Z: /^[0-9A-Za-z_-]*={0,2}$/,
}

export const isOfCharacters = (set: string, text: string): boolean => CHARACTERS[set]?.test(text) ?? false

const right = (isRight: boolean, fault: string): string | undefined => (isRight ? undefined : fault)

const isBetween = (text: string, least: number, most: number): boolean =>
  Number(text) >= least && Number(text) <= most

// A century is not written: years are of this one and its neighbours, and 2000, which has a 29 February, stands for it.
const daysOf = (year: number, month: number): number => new Date(Date.UTC(year, month, 0)).getUTCDate()

function dateFault(year: number, month: string, day: string, leastDay: number): string | undefined {
  if (!isBetween(month, 1, 12)) return 'names a month that there is not'
  return right(
    isBetween(day, leastDay, daysOf(year, Number(month))),
    'names a day that its month does not have',
  )
}

const shortDate =
  (leastDay: number): ContentRule =>
  (text) =>
    dateFault(2000 + Number(text.slice(0, 2)), text.slice(2, 4), text.slice(4, 6), leastDay)

// ISO 3166-1, numeric.
const COUNTRIES = new Set(
  `004 008 010 012 016 020 024 028 031 032 036 040 044 048 050 051 052 056 060 064 068 070 072 074 076 084 086 090 092 096 100 104 108 112 116
120 124 132 136 140 144 148 152 156 158 162 166 170 174 175 178 180 184 188 191 192 196 203 204 208 212 214 218 222 226 231 232 233 234 238 239
242 246 248 250 254 258 260 262 266 268 270 275 276 288 292 296 300 304 308 312 316 320 324 328 332 334 336 340 344 348 352 356 360 364 368 372
376 380 384 388 392 398 400 404 408 410 414 417 418 422 426 428 430 434 438 440 442 446 450 454 458 462 466 470 474 478 480 484 492 496 498 499
500 504 508 512 516 520 524 528 531 533 534 535 540 548 554 558 562 566 570 574 578 580 581 583 584 585 586 591 598 600 604 608 612 616 620 624
626 630 634 638 642 643 646 652 654 659 660 662 663 666 670 674 678 682 686 688 690 694 702 703 704 705 706 710 716 724 728 729 732 740 744 748
752 756 760 762 764 768 772 776 780 784 788 792 795 796 798 800 804 807 818 826 831 832 833 834 840 850 854 858 860 862 876 882 887 894`.split(
    /\s+/,
  ),
)

// ISO 3166-1, alpha-2.
const COUNTRY_LETTERS = new Set(
  `AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM
CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK
HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH
MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU
RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG
VI VN VU WF WS YE YT ZA ZM ZW`.split(/\s+/),
)

// ISO 4217, numeric, of currencies in use and those that left use lately.
const CURRENCIES = new Set(
  `008 012 032 036 044 048 050 051 052 060 064 068 072 084 090 096 104 108 116 124 132 136 144 152 156 170 174 188 191 192 203 208 214 222 230
232 238 242 262 270 292 320 324 328 332 340 344 348 352 356 360 364 368 376 388 392 396 398 400 404 408 410 414 417 418 422 426 430 434 446 454
458 462 480 484 496 498 504 512 516 524 532 533 548 554 558 566 578 586 590 598 600 604 608 634 643 646 654 682 690 694 702 704 706 710 728 748
752 756 760 764 776 780 784 788 800 807 818 826 834 840 858 860 882 886 901 924 925 926 927 928 929 930 931 932 933 934 936 938 940 941 943 944
946 947 948 949 950 951 952 953 955 956 957 958 959 960 961 962 963 964 965 967 968 969 970 971 972 973 975 976 977 978 979 980 981 984 985 986
990 994 997 999`.split(/\s+/),
)

const isCountry = (text: string): boolean => COUNTRIES.has(text)

export const CONTENT_RULES: Readonly<Record<string, ContentRule>> = {
  check: (text) => right(checkDigit(text.slice(0, -1)) === Number(text.at(-1)), 'has a wrong check digit'),
  // A company prefix has at least four digits.
  company: (text) => right(/^\d{4}/.test(text), 'does not begin with a GS1 company prefix'),
  'check-pair': (text) => right(hasCheckPair(text), 'has a wrong pair of check characters'),
  'not-only-digits': (text) => right(/\D/.test(text), 'holds nothing but digits'),
  'month-day': shortDate(0),
  date: shortDate(1),
  'whole-date': (text) => dateFault(Number(text.slice(0, 4)), text.slice(4, 6), text.slice(6, 8), 1),
  'hour-minute': (text) =>
    right(isBetween(text.slice(0, 2), 0, 23) && isBetween(text.slice(2), 0, 59), 'names no time of day'),
  hour: (text) => right(isBetween(text, 0, 23), 'names an hour that there is not'),
  sixtieth: (text) => right(isBetween(text, 0, 59), 'names a minute or second that there is not'),
  country: (text) => right(isCountry(text), 'names a country that ISO 3166 does not'),
  'country-or-999': (text) =>
    right(text === '999' || isCountry(text), 'names a country that ISO 3166 does not'),
  'country-letters': (text) => right(COUNTRY_LETTERS.has(text), 'names a country that ISO 3166 does not'),
  currency: (text) => right(CURRENCIES.has(text), 'names a currency that ISO 4217 does not'),
  // Ten digits of 1e-7 degrees from the south pole or the meridian of 180° west.
  latitude: (text) => right(isBetween(text, 0, 1_800_000_000), 'is no latitude'),
  longitude: (text) => right(isBetween(text, 0, 3_600_000_000), 'is no longitude'),
  percent: (text) => right(!/%(?![0-9A-Fa-f]{2})/.test(text), 'holds a % without two hex digits'),
  'yes-no': (text) => right(/^[01]$/.test(text), 'is neither 0 nor 1'),
  minus: (text) => right(text === '-', 'ends in something else than a minus'),
  importer: (text) => right(/^[-0-9A-Z_a-z]$/.test(text), 'is no index of an importer'),
  // The list of UN/ECE recommendation 21 grows; its form does not.
  package: (text) => right(/^[0-9A-Z]+$/.test(text), 'is no code of a package'),
  medium: (text) => right(/^(?:0[1-9]|10|[89]\d)$/.test(text), 'is no medium of a card'),
  sex: (text) => right(/^[0129]$/.test(text), 'is none of ISO 5218'),
  'one-of-some': (text) =>
    right(/^[1-9]\/[1-9]$/.test(text) && text[0]! <= text[2]!, 'is no place in a sequence'),
  'not-zero': (text) => right(/[1-9]/.test(text), 'is zero'),
  zero: (text) => right(text === '0', 'does not begin with 0'),
  winding: (text) => right(/^[019]$/.test(text), 'is no direction of winding'),
  piece: (text) =>
    right(
      Number(text.slice(0, 2)) > 0 && text.slice(0, 2) <= text.slice(2),
      'names a piece beyond the total',
    ),
  iban: (text) => right(isIban(text), 'is no IBAN'),
  'no-leading-zero': (text) => right(!/^0./.test(text), 'begins with 0'),
}

/** ISO 13616: country, two check digits, then the account; as a number it leaves 1 when divided by 97. */
function isIban(text: string): boolean {
  if (!/^[A-Z]{2}\d\d[0-9A-Z]{1,30}$/.test(text) || !COUNTRY_LETTERS.has(text.slice(0, 2))) return false
  let rest = 0
  for (const char of text.slice(4) + text.slice(0, 4))
    rest = Number(`${rest}${Number.parseInt(char, 36)}`) % 97
  return rest === 1
}

const SET_82 = `!"%&'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz`
const PAIR_CHARACTERS = '23456789ABCDEFGHJKLMNPQRSTUVWXYZ'
const PRIMES = [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83]

/** General Specifications §7.9.5: values of set 82, weighted with primes from the right, modulo 1021. */
function hasCheckPair(text: string): boolean {
  if (text.length < 3) return false
  const body = text.slice(0, -2)
  let sum = 0
  for (let at = 0; at < body.length; at++)
    sum += SET_82.indexOf(body[body.length - 1 - at] as string) * (PRIMES[at] as number)
  sum %= 1021
  return text.slice(-2) === `${PAIR_CHARACTERS[sum >> 5]}${PAIR_CHARACTERS[sum & 31]}`
}

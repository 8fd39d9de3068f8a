/**
 * Every test of the public suite `http-cache-tests` 0.4.5 that the edge does not pass, and why. The run fails when one of
 * these passes or any other fails, so this list is true. Nothing is listed because it was too much work.
 */
export interface Entry {
  readonly because: string;
  readonly tests: readonly string[];
}

export const LEDGER: readonly Entry[] = [
  // --- Of the required ones
  {
    because:
      'RFC 9111 section 5.1, younger than this release of the suite, says the opposite: of several Ages the first counts, and one that is no number is ignored. The suite was turned round after it.',
    tests: [
      'age-parse-dup-0',
      'age-parse-dup-0-twoline',
      'age-parse-dup-old',
      'age-parse-float',
      'age-parse-negative',
      'age-parse-nonnumeric',
      'age-parse-prefix-twoline',
    ],
  },
  {
    because:
      'Nobody can pass: the origin closes the connection, and the answer to the viewer is to bear a field that only the origin could have written. The edge answers 502, as test/conformance/rfc9111.test.ts shows.',
    tests: [
      'stale-close-must-revalidate',
      'stale-close-no-cache',
      'stale-close-proxy-revalidate',
      'stale-close-s-maxage=2',
    ],
  },
  // --- Of the optimal ones
  {
    because:
      'Would be wrong: the viewer holds something from 3,000 seconds ago, the answer in store was made now and says nothing of changes. RFC 9111 section 4.3.2 has no 304 for that.',
    tests: ['conditional-lm-fresh-no-lm'],
  },
  {
    because:
      'There is no validator to show that a rest would belong to the part in store: RFC 9111 section 3.4 forbids joining the two, so asking for the rest alone would be asking in vain.',
    tests: ['partial-store-partial-complete'],
  },
  {
    because:
      'The part contradicts itself: it says that it is bytes 4 to 9 of 10, and brings five. Who knows which of the two is true? The edge hands it on and does not store it.',
    tests: [
      'partial-store-partial-reuse-partial',
      'partial-store-partial-reuse-partial-absent',
      'partial-store-partial-reuse-partial-byterange',
      'partial-store-partial-reuse-partial-suffix',
    ],
  },
  // --- Of those that only ask what a cache does
  {
    because:
      'As content delivery networks do by default, no viewer makes the edge ask the origin: FRONTROW_HONOUR_REQUEST_DIRECTIVES lets them.',
    tests: [
      'ccreq-ma0',
      'ccreq-ma1',
      'ccreq-magreaterage',
      'ccreq-max-stale',
      'ccreq-max-stale-age',
      'ccreq-min-fresh',
      'ccreq-min-fresh-age',
      'ccreq-no-cache',
      'ccreq-no-cache-etag',
      'ccreq-no-cache-lm',
      'ccreq-no-store',
      'ccreq-oic',
    ],
  },
  {
    because:
      'What a fill brings is for everybody who waits, so it asks for the whole, whatever the first viewer holds.',
    tests: ['conditional-etag-forward', 'conditional-etag-forward-unquoted'],
  },
  {
    because: 'A tag is the bytes that the origin sent; it is compared and sent back as it is.',
    tests: [
      'conditional-etag-quoted-respond-unquoted',
      'conditional-etag-strong-generate-unquoted',
      'conditional-etag-unquoted-respond-quoted',
    ],
  },
  {
    because: "On Node the suite's origin writes the tag as UTF-8 and its client as Latin-1: two tags, that differ.",
    tests: ['conditional-etag-strong-respond-obs-text'],
  },
  {
    because: 'A variant that is not in store is fetched whole; the tags of the other variants are not offered.',
    tests: ['conditional-etag-vary-headers-mismatch'],
  },
  {
    because:
      "No HTTP date: RFC 9111 section 4.2 has a zone other than GMT taken as invalid, section 5.3 what is invalid as expired. The suite's own later releases require that.",
    tests: [
      'freshness-expires-32bit',
      'freshness-expires-far-future',
      'freshness-expires-invalid-1-digit-hour',
      'freshness-expires-invalid-2-digit-year',
      'freshness-expires-invalid-aest',
      'freshness-expires-invalid-date-dashes',
      'freshness-expires-invalid-multiple-lines',
      'freshness-expires-invalid-multiple-spaces',
      'freshness-expires-invalid-no-comma',
      'freshness-expires-invalid-time-periods',
      'freshness-expires-invalid-utc',
    ],
  },
  {
    because: 'No number of seconds: RFC 9111 section 4.2.1 would have it taken as none left.',
    tests: [
      'freshness-max-age-100a',
      'freshness-max-age-a100',
      'freshness-max-age-decimal-five',
      'freshness-max-age-decimal-zero',
    ],
  },
  {
    because: 'Where a lifetime comes twice the first one stands: RFC 9111 section 4.2.1.',
    tests: ['freshness-max-age-two-stale-fresh-sameline', 'freshness-max-age-two-stale-fresh-sepline'],
  },
  {
    because: 'An answer of another status to a HEAD says nothing about the copy in store.',
    tests: ['head-410-update'],
  },
  {
    because: 'A tenth of so short a time is over within the three seconds that the test waits.',
    tests: ['heuristic-delta-10', 'heuristic-delta-30', 'heuristic-delta-5'],
  },
  {
    because: '`Warning` is obsolete: RFC 9111 section 5.5. `Cache-Status` tells it.',
    tests: ['stale-warning-become', 'stale-warning-stored'],
  },
];

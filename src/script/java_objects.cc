#include "script/java_objects.h"

namespace millrace::script {

const char kJavaObjects[] = R"js(
(function (isGroovy) {
  'use strict';

  const hidden = (to, members) => {
    for (const name of Reflect.ownKeys(members))
      Object.defineProperty(to, name, { value: members[name], configurable: true, writable: true });
    return to;
  };

  // java.math.BigDecimal: exact, an unscaled BigInt and a scale.
  class BigDecimal {
    #text; #unscaled; #scale;
    constructor(text, unscaled, scale) {
      this.#text = text; this.#unscaled = unscaled; this.#scale = scale;
    }
    static of(value) {
      if (value instanceof BigDecimal) return value;
      if (value instanceof Long) return BigDecimal.of(value.valueOf('default'));
      const parts = /^\s*([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?\s*$/.exec(String(value));
      if (parts === null || (parts[2] === '' && !parts[3])) throw new TypeError(`${value} is no number`);
      const fraction = parts[3] ?? '';
      let unscaled = BigInt(parts[2] + fraction || '0'), scale = fraction.length - Number(parts[4] ?? 0);
      if (scale < 0) { unscaled *= 10n ** BigInt(-scale); scale = 0; }
      return new BigDecimal(String(value), parts[1] === '-' ? -unscaled : unscaled, scale);
    }
    #parse() {
      if (this.#unscaled !== undefined) return;
      const parsed = BigDecimal.of(this.#text);
      this.#unscaled = parsed.#unscaled; this.#scale = parsed.#scale;
    }
    unscaledAt(scale) { this.#parse(); return this.#unscaled * 10n ** BigInt(scale - this.#scale); }
    scale() { this.#parse(); return this.#scale; }
    #with(other, made) {
      const that = BigDecimal.of(other), scale = Math.max(this.scale(), that.scale());
      return made(this.unscaledAt(scale), that.unscaledAt(scale), scale);
    }
    compareTo(other) { return this.#with(other, (a, b) => (a < b ? -1 : a > b ? 1 : 0)); }
    add(other) { return this.#with(other, (a, b, scale) => new BigDecimal(undefined, a + b, scale)); }
    subtract(other) { return this.#with(other, (a, b, scale) => new BigDecimal(undefined, a - b, scale)); }
    remainder(other) { return this.#with(other, (a, b, scale) => new BigDecimal(undefined, a % b, scale)); }
    multiply(other) {
      const that = BigDecimal.of(other), scale = this.scale() + that.scale();
      return new BigDecimal(undefined, this.unscaledAt(this.#scale) * that.unscaledAt(that.#scale), scale);
    }
    negate() { this.#parse(); return new BigDecimal(undefined, -this.#unscaled, this.#scale); }
    abs() { return this.signum() < 0 ? this.negate() : this; }
    signum() { this.#parse(); return this.#unscaled < 0n ? -1 : this.#unscaled > 0n ? 1 : 0; }
    equals(other) { return other instanceof BigDecimal && this.scale() === other.scale() && this.compareTo(other) === 0; }
    doubleValue() { return Number(this.toString()); }
    floatValue() { return Math.fround(this.doubleValue()); }
    intValue() { return Math.trunc(this.doubleValue()); }
    longValue() { return Math.trunc(this.doubleValue()); }
    toPlainString() { return this.toString(); }
    toString() {
      if (this.#text === undefined) {
        const digits = String(this.#unscaled < 0n ? -this.#unscaled : this.#unscaled).padStart(this.#scale + 1, '0');
        const whole = digits.slice(0, digits.length - this.#scale), fraction = digits.slice(digits.length - this.#scale);
        this.#text = (this.#unscaled < 0n ? '-' : '') + whole + (fraction === '' ? '' : '.' + fraction);
      }
      return this.#text;
    }
    [Symbol.toPrimitive](hint) { return hint === 'number' ? this.doubleValue() : this.toString(); }
  }

  // A java.lang.Long that a JavaScript number does not hold exactly.
  class Long {
    #value;
    constructor(text) { this.#value = BigInt(text); }
    longValue() { return this; }
    doubleValue() { return Number(this.#value); }
    compareTo(other) { const that = BigInt(other); return this.#value < that ? -1 : this.#value > that ? 1 : 0; }
    equals(other) { return other instanceof Long && this.#value === other.#value; }
    toString() { return String(this.#value); }
    valueOf(hint) { return hint === 'default' ? this.#value : Number(this.#value); }
    [Symbol.toPrimitive](hint) {
      return hint === 'number' ? Number(this.#value) : hint === 'string' ? String(this.#value) : this.#value;
    }
  }

  // java.util.Date
  class JavaDate {
    #ms; #text;
    constructor(ms, text) { this.#ms = ms; this.#text = text; }
    getTime() { return this.#ms; }
    before(other) { return this.#ms < other.getTime(); }
    after(other) { return this.#ms > other.getTime(); }
    compareTo(other) { return Math.sign(this.#ms - other.getTime()); }
    equals(other) { return other instanceof JavaDate && this.#ms === other.getTime(); }
    toString() { return this.#text; }
    [Symbol.toPrimitive](hint) { return hint === 'number' ? this.#ms : this.#text; }
  }

  const text = (value) =>
    value === null || value === undefined ? 'null' : Array.isArray(value) ? JavaList.prototype.toString.call(value) : String(value);
  const same = (a, b) => a === b || (typeof a?.equals === 'function' && a.equals(b));

  // java.util.List: an array that prints as one.
  class JavaList extends Array {
    static get [Symbol.species]() { return Array; }
    toString() { return '[' + Array.prototype.map.call(this, text).join(', ') + ']'; }
  }
  hidden(JavaList.prototype, {
    size() { return this.length; },
    get(at) { return this[at]; },
    isEmpty() { return this.length === 0; },
    contains(value) { return this.some((one) => same(one, value)); },
  });

  // java.util.Map with texts as keys
  const mapMethods = hidden(Object.create(null), {
    get(name) { return this[name] ?? null; },
    containsKey(name) { return Object.hasOwn(this, name); },
    size() { return Object.keys(this).length; },
    isEmpty() { return Object.keys(this).length === 0; },
    keySet() { return list(Object.keys(this)); },
    values() { return list(Object.values(this)); },
    toString() {
      const entries = Object.entries(this).map(([name, value]) => name + (isGroovy ? ':' : '=') + text(value));
      return isGroovy ? '[' + (entries.join(', ') || ':') + ']' : '{' + entries.join(', ') + '}';
    },
  });

  // org.apache.kafka.connect.data.Field
  class Field {
    #name; #index; #schema;
    constructor(name, index, schema) { this.#name = name; this.#index = index; this.#schema = schema; }
    name() { return this.#name; }
    index() { return this.#index; }
    schema() { return this.#schema; }
    toString() { return `Field{name=${this.#name}, index=${this.#index}, schema=${this.#schema}}`; }
  }

  // org.apache.kafka.connect.data.Schema
  class Schema {
    #is;
    constructor(is) { this.#is = is; }
    name() { return this.#is.name; }
    version() { return this.#is.version; }
    doc() { return this.#is.doc; }
    type() { return this.#is.type; }
    isOptional() { return this.#is.isOptional; }
    parameters() { return this.#is.parameters; }
    fields() { return this.#is.fields; }
    field(name) { return this.#is.fields?.find((one) => one.name() === name) ?? null; }
    keySchema() { return this.#is.keys; }
    valueSchema() { return this.#is.items; }
    toString() { return this.#is.name === null ? `Schema{${this.#is.type}}` : `Schema{${this.#is.name}:${this.#is.type}}`; }
  }

  const list = (array) => Object.setPrototypeOf(array, JavaList.prototype);
  return {
    decimal: (digits) => new BigDecimal(digits),
    long: (digits) => new Long(digits),
    date: (ms, shown) => new JavaDate(ms, shown),
    list,
    map: (of) => Object.setPrototypeOf(of, mapMethods),
    bytes: (buffer) => new Int8Array(buffer),
    schema: (is) => {
      if (is.fields) is.fields = list(is.fields.map(([name, schema], at) => new Field(name, at, schema)));
      return new Schema(is);
    },
    // JsReader's Kind of what is no null, boolean, number or text.
    kind: (x) => (typeof x === 'bigint' || x instanceof Long ? 3 : x instanceof BigDecimal ? 5 : x instanceof JavaDate || x instanceof Date ? 6 :
      x instanceof Int8Array || x instanceof Uint8Array ? 7 : Array.isArray(x) ? 8 : typeof x === 'object' && (Object.getPrototypeOf(x) === Object.prototype ||
      Object.getPrototypeOf(x) === null || Object.getPrototypeOf(x) === mapMethods) ? 9 : 10),
    BigDecimal, Long, JavaDate, JavaList, mapMethods, hidden, text,
  };
})
)js";

const char kGroovyRuntime[] = R"js(
(function (makers) {
  'use strict';
  const { BigDecimal, Long, JavaDate, mapMethods, hidden, text } = makers;

  const isNumber = (x) => typeof x === 'number' || typeof x === 'bigint' || x instanceof BigDecimal || x instanceof Long;
  const plain = (x) => (x instanceof Long ? x.valueOf('default') : x);
  const isFloating = (x) => typeof x === 'number' && !Number.isInteger(x);
  const shown = (x) => (x === null || x === undefined ? 'null' : isNumber(x) ? 'a number' : Array.isArray(x) ? 'a list' : typeof x === 'object' ? 'an object' : `a ${typeof x}`);
  const narrow = (big) => (big >= -9007199254740991n && big <= 9007199254740991n ? Number(big) : big);

  function calculated(a, b, name, operations) {
    if (!isNumber(a) || !isNumber(b)) throw new TypeError(`${name} does not take ${shown(a)} and ${shown(b)}`);
    a = plain(a); b = plain(b);
    if (a instanceof BigDecimal || b instanceof BigDecimal) {
      if (isFloating(a) || isFloating(b)) return operations.number(Number(a), Number(b));
      return operations.decimal(BigDecimal.of(a), BigDecimal.of(b));
    }
    if (typeof a === 'number' && typeof b === 'number') {
      const result = operations.number(a, b);
      if (typeof result === 'object' || Number.isSafeInteger(result) || isFloating(a) || isFloating(b) || !Number.isSafeInteger(a) || !Number.isSafeInteger(b)) return result;
    }
    if (isFloating(a) || isFloating(b)) return operations.number(Number(a), Number(b));
    return narrow(operations.big(BigInt(a), BigInt(b)));
  }

  function compared(a, b) {
    if (typeof a === 'number' && typeof b === 'number') return a < b ? -1 : a > b ? 1 : 0;
    if (a === null || a === undefined) return b === null || b === undefined ? 0 : -1;
    if (b === null || b === undefined) return 1;
    if (isNumber(a) && isNumber(b))
      return calculated(a, b, 'comparing', {
        number: (x, y) => (x < y ? -1 : x > y ? 1 : 0), big: (x, y) => (x < y ? -1n : x > y ? 1n : 0n), decimal: (x, y) => x.compareTo(y),
      });
    if (typeof a === typeof b && (typeof a === 'string' || typeof a === 'boolean')) return a < b ? -1 : a > b ? 1 : 0;
    if (a instanceof JavaDate && b instanceof JavaDate) return a.compareTo(b);
    throw new TypeError(`${shown(a)} and ${shown(b)} have no order`);
  }

  function equal(a, b) {
    const kind = typeof a;
    if (kind === typeof b && (kind === 'string' || kind === 'number')) return a === b;
    if (a === null || a === undefined || b === null || b === undefined) return (a ?? null) === (b ?? null);
    if (isNumber(a) && isNumber(b)) return compared(a, b) === 0;
    if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((one, at) => equal(one, b[at]));
    if (a instanceof JavaDate) return a.equals(b);
    return a === b;
  }

  class Matcher {
    constructor(found) { this.found = found; }
    find() { return this.found !== null; }
    matches() { return this.found !== null && this.found[0].length === this.found.input.length; }
    group(at) { return this.found[at ?? 0] ?? null; }
  }
  class Range {
    constructor(low, high) { this.low = low; this.high = high; }
    has(x) { return isNumber(x) && !isFloating(plain(x)) && compared(x, this.low) >= 0 && compared(x, this.high) <= 0; }
  }

  function truth(x) {
    if (typeof x === 'boolean') return x;
    if (x === null || x === undefined) return false;
    if (typeof x === 'string' || Array.isArray(x)) return x.length > 0;
    if (x instanceof Matcher) return x.find();
    if (isNumber(x)) return compared(x, 0) !== 0;
    return Object.getPrototypeOf(x) === mapMethods ? !x.isEmpty() : true;
  }

  const regexes = new Map();
  function regex(pattern, isWhole) {
    const id = (isWhole ? '=' : '~') + pattern;
    let made = regexes.get(id);
    if (made === undefined) {
      const flags = /^\(\?([ims]+)\)/.exec(pattern);
      const body = flags === null ? pattern : pattern.slice(flags[0].length);
      made = new RegExp(isWhole ? `^(?:${body})$` : body, flags === null ? '' : flags[1]);
      if (regexes.size > 1000) regexes.clear();
      regexes.set(id, made);
    }
    return made;
  }
  const everywhere = (pattern) => { const one = regex(pattern, false); return new RegExp(one.source, one.flags + 'g'); };

  const within = (x, y) => (typeof y === 'function' ? truth(y(x)) : y instanceof Range ? y.has(x) : Array.isArray(y) ? y.some((one) => equal(x, one)) :
    y !== null && typeof y === 'object' && Object.getPrototypeOf(y) === mapMethods ? y.containsKey(x) : equal(x, y));

  const strings = {
    size() { return this.length; }, isEmpty() { return this.length === 0; }, isBlank() { return this.trim() === ''; },
    contains(x) { return this.includes(x); }, equals(x) { return String(this) === x; },
    equalsIgnoreCase(x) { return this.toLowerCase() === String(x).toLowerCase(); },
    compareTo(x) { return compared(String(this), x); }, matches(x) { return regex(x, true).test(this); },
    $replace(a, b) { return this.split(a).join(b); }, $replaceAll(a, b) { return this.replace(everywhere(a), b); },
    replaceFirst(a, b) { return this.replace(regex(a, false), b); }, $split(a) { return makers.list(this.split(regex(a, false))); },
    tokenize(a) { return makers.list(this.split(a ?? /\s+/).filter((one) => one !== '')); },
    toInteger() { return whole(this); }, toLong() { return whole(this); },
    toDouble() { return Number(this); }, toBigDecimal() { return BigDecimal.of(String(this)); },
    isNumber() { return this.trim() !== '' && !Number.isNaN(Number(this)); }, isInteger() { return /^\s*[+-]?\d+\s*$/.test(this); },
    capitalize() { return this.charAt(0).toUpperCase() + this.slice(1); }, reverse() { return [...this].reverse().join(''); },
  };
  const whole = (x) => {
    if (!/^\s*[+-]?\d+\s*$/.test(x)) throw new TypeError(`${x} is no whole number`);
    return narrow(BigInt(String(x).trim()));
  };
  const numbers = {
    intdiv(x) { return calculated(this.valueOf(), x, 'intdiv', { number: (a, b) => Math.trunc(a / b), big: (a, b) => a / b, decimal: (a, b) => Math.trunc(Number(a) / Number(b)) }); },
    intValue() { return Math.trunc(this); }, longValue() { return Math.trunc(this); }, doubleValue() { return Number(this); },
    toInteger() { return Math.trunc(this); }, toLong() { return Math.trunc(this); }, toDouble() { return Number(this); },
    toBigDecimal() { return BigDecimal.of(this); }, abs() { return Math.abs(this); },
    equals(x) { return isNumber(x) && !(x instanceof BigDecimal) && equal(this.valueOf(), x); }, compareTo(x) { return compared(this.valueOf(), x); },
  };
  const lists = {
    size() { return this.length; }, isEmpty() { return this.length === 0; }, get(at) { return this[at]; },
    contains(x) { return this.some((one) => equal(one, x)); }, $any(f) { return this.some((one) => truth(f(one))); },
    $every(f) { return this.every((one) => truth(f(one))); }, $find(f) { return Array.prototype.find.call(this, (one) => truth(f(one))) ?? null; },
    findAll(f) { return makers.list(this.filter((one) => truth(f(one)))); }, collect(f) { return makers.list(Array.from(this, (one) => f(one))); },
    first() { return this[0]; }, last() { return this[this.length - 1]; }, count(f) { return this.filter((one) => within(one, f)).length; },
    equals(x) { return equal(this, x); },
  };
  hidden(String.prototype, strings);
  hidden(Number.prototype, numbers);
  hidden(BigInt.prototype, numbers);
  hidden(Boolean.prototype, { equals(x) { return this.valueOf() === x; } });
  hidden(Array.prototype, lists);
  hidden(BigDecimal.prototype, { toBigDecimal() { return this; }, toDouble() { return this.doubleValue(); }, toInteger() { return this.intValue(); }, toLong() { return this.longValue(); } });

  return {
    dec: (digits) => BigDecimal.of(digits), eq: equal, cmp: compared, order: compared, t: truth, within,
    add(a, b) {
      if (typeof a === 'string' || typeof b === 'string') return text(a) + text(b);
      if (Array.isArray(a)) return makers.list([...a].concat(b));
      return calculated(a, b, '+', { number: (x, y) => x + y, big: (x, y) => x + y, decimal: (x, y) => x.add(y) });
    },
    sub: (a, b) => typeof a === 'string' ? a.replace(text(b), () => '') : calculated(a, b, '-', { number: (x, y) => x - y, big: (x, y) => x - y, decimal: (x, y) => x.subtract(y) }),
    mul: (a, b) => calculated(a, b, '*', { number: (x, y) => x * y, big: (x, y) => x * y, decimal: (x, y) => x.multiply(y) }),
    mod: (a, b) => calculated(a, b, '%', { number: (x, y) => x % y, big: (x, y) => x % y, decimal: (x, y) => x.remainder(y) }),
    div: (a, b) => {
      const exact = (x, y) => {
        if (Number(y) === 0) throw new RangeError('Division by zero');
        const quotient = Number(x) / Number(y);
        return Number.isInteger(quotient) ? quotient : BigDecimal.of(quotient);
      };
      return calculated(a, b, '/', { number: (x, y) => isFloating(x) || isFloating(y) ? x / y : exact(x, y), big: (x, y) => BigInt(Math.trunc(Number(exact(x, y)))), decimal: exact });
    },
    pow: (a, b) => calculated(a, b, '**', { number: (x, y) => x ** y, big: (x, y) => x ** y, decimal: (x, y) => Number(x) ** Number(y) }),
    neg: (a) => calculated(0, a, '-', { number: (x, y) => -y, big: (x, y) => -y, decimal: (x, y) => y.negate() }),
    bit(a, b, name) {
      if (typeof a === 'boolean' && typeof b === 'boolean') return name === '&' ? a && b : name === '|' ? a || b : a !== b;
      return calculated(a, b, name, { number: (x, y) => Number(this.bits(BigInt(x), BigInt(y), name)), big: (x, y) => this.bits(x, y, name), decimal: () => { throw new TypeError(`${name} does not take decimals`); } });
    },
    bits: (x, y, name) => (name === '&' ? x & y : name === '|' ? x | y : x ^ y),
    as(x, type) {
      if (x === null || x === undefined) return null;
      switch (type) {
        case 'String': return text(x);
        case 'boolean': case 'Boolean': return truth(x);
        case 'BigDecimal': return BigDecimal.of(x);
        case 'double': case 'Double': case 'float': case 'Float': return Number(x);
        default: return typeof x === 'string' ? whole(x) : typeof x === 'bigint' || x instanceof Long ? x : Math.trunc(Number(x));
      }
    },
    range: (a, b) => new Range(a, b),
    find: (a, pattern) => new Matcher(regex(pattern, false).exec(a)),
    match: (a, pattern) => a !== null && a !== undefined && regex(pattern, true).test(a),
    at(of, index) {
      if (typeof index === 'number' && (Array.isArray(of) || typeof of === 'string')) return of[index < 0 ? of.length + index : index] ?? null;
      return of[index] ?? null;
    },
    text, check: (pattern) => regex(pattern, false),
    list: makers.list, map: (of) => makers.map(of),
  };
})
)js";

}  // namespace millrace::script

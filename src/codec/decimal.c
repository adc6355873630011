/* SPDX-License-Identifier: Apache-2.0 */
#include "seamfs/codec/decimal.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "seamfs/base/mem.h"

enum { MAX_SCALE = 18 };

typedef __int128 wide;

static wide power_of_ten(unsigned n)
{
	wide p = 1;

	while (n--)
		p *= 10;
	return p;
}

/* Reads digits into @value and counts them; more digits than fit make -ERANGE. */
static int read_digits(const char **p, wide *value, int *ret_count)
{
	int count = 0;

	for (; isdigit((unsigned char)**p); (*p)++, count++) {
		*value = *value * 10 + (**p - '0');
		if (*value > power_of_ten(36))
			return -ERANGE;
	}
	*ret_count = count;
	return 0;
}

static int fit(wide value, int scale, _Bool negative, struct decimal *ret)
{
	while (scale > 0 && value % 10 == 0) {
		value /= 10;
		scale--;
	}
	for (; scale < 0; scale++) {
		value *= 10;
		if (value > INT64_MAX)
			return -ERANGE;
	}
	if (scale > MAX_SCALE || value > INT64_MAX)
		return -ERANGE;
	ret->mantissa = (int64_t)(negative ? -value : value);
	ret->scale = (unsigned)scale;
	return 0;
}

int decimal_parse(const char *text, struct decimal *ret)
{
	_Bool negative = *text == '-';
	const char *p = text + (*text == '-' || *text == '+');
	int whole = 0, part = 0, exponent = 0, r;
	wide value = 0;

	r = read_digits(&p, &value, &whole);
	if (r == 0 && *p == '.') {
		p++;
		r = read_digits(&p, &value, &part);
	}
	if (r < 0)
		return r;
	if (whole + part == 0)
		return -EINVAL;
	if (*p == 'e' || *p == 'E') {
		char *end;
		long n = strtol(p + 1, &end, 10);

		if (end == p + 1)
			return -EINVAL;
		if (n < -40 || n > 40)
			return value == 0 && *end == '\0' ? fit(0, 0, 0, ret) : -ERANGE;
		exponent = (int)n;
		p = end;
	}
	if (*p)
		return -EINVAL;
	return fit(value, part - exponent, negative, ret);
}

char *decimal_format(struct decimal d, char text[DECIMAL_SIZE])
{
	uint64_t magnitude = d.mantissa < 0 ? -(uint64_t)d.mantissa : (uint64_t)d.mantissa;
	uint64_t unit = (uint64_t)power_of_ten(d.scale);
	int n = snprintf(text, DECIMAL_SIZE, "%s%llu", d.mantissa < 0 ? "-" : "",
		(unsigned long long)(magnitude / unit));

	if (d.scale)
		snprintf(text + n, DECIMAL_SIZE - (size_t)n, ".%0*llu", (int)d.scale,
			(unsigned long long)(magnitude % unit));
	return text;
}

unsigned currency_digits(const char *currency)
{
	/* ISO 4217 table A.1, the currencies whose exponent is not 2. */
	static const struct {
		const char *code;
		unsigned digits;
	} odd[] = {
		{"BHD", 3},
		{"BIF", 0},
		{"CLF", 4},
		{"CLP", 0},
		{"DJF", 0},
		{"GNF", 0},
		{"IQD", 3},
		{"ISK", 0},
		{"JOD", 3},
		{"JPY", 0},
		{"KMF", 0},
		{"KRW", 0},
		{"KWD", 3},
		{"LYD", 3},
		{"OMR", 3},
		{"PYG", 0},
		{"RWF", 0},
		{"TND", 3},
		{"UGX", 0},
		{"UYI", 0},
		{"UYW", 4},
		{"VND", 0},
		{"VUV", 0},
		{"XAF", 0},
		{"XOF", 0},
		{"XPF", 0},
	};

	for (size_t i = 0; currency && i < ARRAY_LEN(odd); i++) {
		if (strcmp(odd[i].code, currency) == 0)
			return odd[i].digits;
	}
	return 2;
}

_Bool currency_valid(const char *currency)
{
	if (strlen(currency) != 3)
		return 0;
	for (int i = 0; i < 3; i++) {
		if (currency[i] < 'A' || currency[i] > 'Z')
			return 0;
	}
	return 1;
}

int money_parse(const char *text, const char *currency, int64_t *ret_minor)
{
	unsigned digits = currency_digits(currency);
	struct decimal d;
	wide minor;
	int r;

	r = decimal_parse(text, &d);
	if (r < 0)
		return r;
	if (d.scale > digits)
		return -EDOM;
	minor = (wide)d.mantissa * power_of_ten(digits - d.scale);
	if (minor > INT64_MAX || minor < INT64_MIN)
		return -ERANGE;
	*ret_minor = (int64_t)minor;
	return 0;
}

char *money_format(int64_t minor, const char *currency, char text[DECIMAL_SIZE])
{
	return decimal_format((struct decimal){minor, currency_digits(currency)}, text);
}

int decimal_times(int64_t minor, struct decimal factor, int64_t *ret_minor)
{
	wide unit = power_of_ten(factor.scale);
	wide product = (wide)minor * factor.mantissa;
	wide half = product < 0 ? -unit / 2 : unit / 2;
	wide result = (product + half) / unit;

	if (result > INT64_MAX || result < INT64_MIN)
		return -ERANGE;
	*ret_minor = (int64_t)result;
	return 0;
}

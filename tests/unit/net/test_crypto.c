/* SPDX-License-Identifier: Apache-2.0 */
/* The vectors of the RFCs, and keys that are refused. */
#include "seamfs/net/crypto.h"

#include <errno.h>

#include "seamfs/base/mem.h"
#include "test.h"
#include "unit/net/keys.h"

static const char key_weak[] = "-----BEGIN PRIVATE KEY-----\n"
			       "MIICdwIBADANBgkqhkiG9w0BAQEFAASCAmEwggJdAgEAAoGBANDYngBpDmrWfjYR\n"
			       "GV6Teh8wgS8VUtcvYZcCV+8BHC6ZsplUPVBlZb7WBZhcWr/BIGOzHz7noFFAqBlt\n"
			       "yad5LXoFrx/1gi0+Vg+lPU6gGPcozDZd9jqrtxOdwqkwSdC9JmiayYlbZ8N5glUq\n"
			       "rWD3txGkhUZu7A+ONocdETmsr3i1AgMBAAECgYAkGHxed8ndH0tbDuOCnBysTVbW\n"
			       "i2nw9Sh50BbgoSF80GW06IFcZtoJ/LWk2rl4kOmHMctBtQjZYkJrerUys9fvAcuj\n"
			       "UhKbk4UJyVzJ2WTsIdDdS0yqYHpqePpg1rl3zSHCDPUWgboPGAwkbr/VMgXepPiH\n"
			       "LtDtVLXlP46DZkRfwQJBAP3ctdKEzCD8Tt31+Dy+1ug7Pc1pNf9+CKmPN/GbWPpp\n"
			       "RcCXRcSNky9t31ikyKiOoX8RULl/SN7MXKNUseejEJECQQDSmtvqfT2Juv9leMLB\n"
			       "TxuDDuC9WL/wtUfmSD1CspG89oP/TcgI1plhiMaqizqtVZRbQwC66hg2+DaaGzTU\n"
			       "WrflAkBCli/C5j48sLFnGutf05a/FzrgtCYLu909zGkaIGs4U4COQZ91LMVcfW9F\n"
			       "6wMO40qM79fCsBZHCkeKN97qKSVhAkEAondeYXV+DIsaTLAtJa0eHytSCh+16j4e\n"
			       "mjJuN87DiM9vInthbhgGuOwnvhasDF1xljmJDahbR8SRcq68QXk+VQJBAIT6EN9P\n"
			       "KIDdWOm+lwyqGcial6flEQB5yzVWMRaU1dWvuFGH/Zz7lGXvHq4oKISaK3Rdippw\n"
			       "uhEl89TB9OVm5jo=\n"
			       "-----END PRIVATE KEY-----\n";

static const char key_curve[] = "-----BEGIN EC PRIVATE KEY-----\n"
				"MHcCAQEEIPbmL7u0eKqX86KIANIJa2474kZnZ/CF5Bs6R9C5yCYUoAoGCCqGSM49\n"
				"AwEHoUQDQgAE3LqBYeaSvFcQFe25LQjNAZSmkb0ZsTIOBqob2URMtqEfpO3RZmY3\n"
				"LC2WMTvFRq01fokHD+bupTz74hzXMO7KGw==\n"
				"-----END EC PRIVATE KEY-----\n";

static const char key_encrypted[] = "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
				    "MIHsMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAjFIOOblAU1VwICCAAw\n"
				    "DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEPWxsV9FUoLbAQzwCJ4pt8sEgZAi\n"
				    "PTedABLSjmgYJGI8wXzwAne9AnLR+YF3emYNeMgj/ISJ2sJt/2+cVRx63KlKZdQa\n"
				    "r0BaqiKPPj7cFgKDsteICjL/23U5HQ2kyDg02+Uz/XOs/7lgXVaPd0KGWJJwIF6o\n"
				    "NpRsxyaHgaGppez5Uo1aHke7LBrw9fVg7JnVezq5kbV3Xgw2tSnO2AtcHEvo/Js=\n"
				    "-----END ENCRYPTED PRIVATE KEY-----\n";

/* RFC 4231 (SHA-256, SHA-512) and RFC 2202 (SHA-1); keys and texts that are one byte repeated are given so. */
static const struct {
	enum crypto_hash hash;
	const char *key; /* NULL: key_len times … */
	int key_byte;	 /* … this */
	size_t key_len;
	const char *text;
	int text_byte;
	size_t text_len;
	const char *want;
} hmacs[] = {
	{CRYPTO_SHA1, NULL, 0x0b, 20, "Hi There", 0, 8, "b617318655057264e28bc0b6fb378c8ef146be00"},
	{CRYPTO_SHA1, "Jefe", 0, 4, "what do ya want for nothing?", 0, 28,
		"effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"},
	{CRYPTO_SHA1, NULL, 0xaa, 80, "Test Using Larger Than Block-Size Key - Hash Key First", 0, 54,
		"aa4ae5e15272d00e95705637ce8a3b55ed402112"},
	{CRYPTO_SHA256, NULL, 0x0b, 20, "Hi There", 0, 8,
		"b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
	{CRYPTO_SHA256, "Jefe", 0, 4, "what do ya want for nothing?", 0, 28,
		"5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
	{CRYPTO_SHA256, NULL, 0xaa, 20, NULL, 0xdd, 50,
		"773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
	{CRYPTO_SHA256, NULL, 0xaa, 131, "Test Using Larger Than Block-Size Key - Hash Key First", 0, 54,
		"60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
	{CRYPTO_SHA512, NULL, 0x0b, 20, "Hi There", 0, 8,
		"87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cde"
		"daa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854"},
	{CRYPTO_SHA512, "Jefe", 0, 4, "what do ya want for nothing?", 0, 28,
		"164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
		"9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737"},
};

static const char *hex(const void *bytes, size_t len)
{
	static char text[200];
	struct buf b = BUF_INIT(sizeof(text) - 1);

	check_int(crypto_hex(&b, bytes, len), 0);
	snprintf(text, sizeof(text), "%s", buf_text(&b));
	buf_finish(&b);
	return text;
}

TEST(hmac)
{
	for (size_t i = 0; i < ARRAY_LEN(hmacs); i++) {
		char key[200], text[200];
		unsigned char sum[CRYPTO_HASH_MAX];
		size_t n;

		memset(key, hmacs[i].key_byte, sizeof(key));
		memset(text, hmacs[i].text_byte, sizeof(text));
		n = crypto_hmac(hmacs[i].hash, hmacs[i].key ? hmacs[i].key : key, hmacs[i].key_len,
			hmacs[i].text ? hmacs[i].text : text, hmacs[i].text_len, sum);
		check_text(hex(sum, n), hmacs[i].want);
	}
}

/* An empty key is one, not that of the call before. */
TEST(hmac_empty)
{
	unsigned char sum[CRYPTO_HASH_MAX];

	check_int(crypto_hmac(CRYPTO_SHA256, NULL, 0, "", 0, sum), 32);
	check_text(hex(sum, 32), "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

/* FIPS 180-4, and appendix B of RFC 7636. */
TEST(sha256)
{
	unsigned char sum[CRYPTO_SHA256_SIZE];
	struct buf b = BUF_INIT(100);

	crypto_sha256("abc", 3, sum);
	check_text(hex(sum, sizeof(sum)), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	crypto_sha256("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", 43, sum);
	check_int(crypto_base64url(&b, sum, sizeof(sum)), 0);
	check_text(buf_text(&b), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
	buf_finish(&b);
}

/* RFC 4648 10, and the digits in which the two alphabets differ. */
TEST(base64)
{
	static const struct {
		const char *bytes, *text, *url;
	} cases[] = {
		{"", "", ""},
		{"f", "Zg==", "Zg"},
		{"fo", "Zm8=", "Zm8"},
		{"foo", "Zm9v", "Zm9v"},
		{"foob", "Zm9vYg==", "Zm9vYg"},
		{"fooba", "Zm9vYmE=", "Zm9vYmE"},
		{"foobar", "Zm9vYmFy", "Zm9vYmFy"},
		{"\xfb\xff\xfe", "+//+", "-__-"},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct buf plain = BUF_INIT(100), url = BUF_INIT(100);

		crypto_base64(&plain, cases[i].bytes, strlen(cases[i].bytes));
		crypto_base64url(&url, cases[i].bytes, strlen(cases[i].bytes));
		check_text(buf_text(&plain), cases[i].text);
		check_text(buf_text(&url), cases[i].url);
		buf_finish(&plain);
		buf_finish(&url);
	}
}

TEST(ceiling)
{
	struct buf b = BUF_INIT(5);

	check_int(crypto_base64(&b, "foobar", 6), -E2BIG);
	check_int(crypto_hex(&b, "foobar", 6), -E2BIG);
	buf_finish(&b);
}

TEST(equal)
{
	check(crypto_equal("abc", 3, "abc", 3));
	check(crypto_equal("", 0, "", 0));
	check(!crypto_equal("abc", 3, "abd", 3));
	check(!crypto_equal("abc", 3, "abcd", 4));
}

TEST(random)
{
	unsigned char a[300] = {0}, b[300] = {0};
	int zeros = 0;

	crypto_random(a, sizeof(a));
	crypto_random(b, sizeof(b));
	for (size_t i = 0; i < sizeof(a); i++)
		zeros += a[i] == 0;
	check(!crypto_equal(a, sizeof(a), b, sizeof(b)));
	check(zeros < 30);
}

/* RFC 7515 A.2. */
TEST(rs256)
{
	static const char text[] =
		"eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFt"
		"cGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
	static const char want[] =
		"cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O"
		"8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARN"
		"PvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ"
		"1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";
	struct buf signature = BUF_INIT(1024), url = BUF_INIT(1024);

	buf_puts(&signature, "before");
	check_int(crypto_rs256(key_rsa, text, sizeof(text) - 1, &signature, NULL), 0);
	check_int(signature.len, 6 + 256);
	crypto_base64url(&url, signature.data + 6, signature.len - 6);
	check_text(buf_text(&url), want);
	buf_finish(&signature);
	buf_finish(&url);
}

TEST(bad_keys)
{
	struct buf signature = BUF_INIT(1024);
	struct err e = {0};

	check_int(crypto_rs256("no key", "x", 1, &signature, &e), -EINVAL);
	check(strstr(e.text, "has to be PEM"));
	check_int(crypto_rs256(key_weak, "x", 1, &signature, &e), -EINVAL);
	check(strstr(e.text, "at least 2048 bits"));
	check_int(crypto_rs256(key_curve, "x", 1, &signature, &e), -EINVAL);
	check(strstr(e.text, "for RSA"));
	/* Asks nobody for a passphrase. */
	check_int(crypto_rs256(key_encrypted, "x", 1, &signature, &e), -EINVAL);
	check(strstr(e.text, "not encrypted"));
	check_int(signature.len, 0);
	buf_finish(&signature);
}

TEST_MAIN(TEST_RUN(hmac), TEST_RUN(hmac_empty), TEST_RUN(sha256), TEST_RUN(base64), TEST_RUN(ceiling),
	TEST_RUN(equal), TEST_RUN(random), TEST_RUN(rs256), TEST_RUN(bad_keys))

/* SPDX-License-Identifier: Apache-2.0 */
#include "seamfs/net/crypto.h"

#include <errno.h>
#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <string.h>
#include <sys/random.h>

#include "seamfs/base/mem.h"

enum { RSA_LEAST_BITS = 2048 };

void crypto_random(void *ret, size_t len)
{
	unsigned char *at = ret;

	while (len) {
		ssize_t n = getrandom(at, len, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			abort();
		at += n;
		len -= (size_t)n;
	}
}

void crypto_sha256(const void *bytes, size_t len, unsigned char ret[CRYPTO_SHA256_SIZE])
{
	if (!EVP_Digest(bytes, len, ret, NULL, EVP_sha256(), NULL))
		abort();
}

static const EVP_MD *digest_of(enum crypto_hash hash)
{
	static const EVP_MD *(*const digests[])(void) = {
		[CRYPTO_SHA1] = EVP_sha1, [CRYPTO_SHA256] = EVP_sha256, [CRYPTO_SHA512] = EVP_sha512};

	return digests[hash]();
}

size_t crypto_hmac(enum crypto_hash hash, const void *key, size_t key_len, const void *bytes, size_t len,
	unsigned char ret[CRYPTO_HASH_MAX])
{
	unsigned n = 0;

	if (!HMAC(digest_of(hash), key, (int)key_len, bytes, len, ret, &n))
		abort();
	return n;
}

/* Appends @bytes in groups of six bits. */
static int sixes(struct buf *b, const unsigned char *bytes, size_t len, const char *digits, _Bool padded)
{
	for (size_t i = 0; i < len; i += 3) {
		size_t left = len - i;
		unsigned group = (unsigned)bytes[i] << 16;

		if (left > 1)
			group |= (unsigned)bytes[i + 1] << 8;
		if (left > 2)
			group |= bytes[i + 2];
		buf_putc(b, digits[group >> 18]);
		buf_putc(b, digits[group >> 12 & 63]);
		if (left > 1 || padded)
			buf_putc(b, left > 1 ? digits[group >> 6 & 63] : '=');
		if (left > 2 || padded)
			buf_putc(b, left > 2 ? digits[group & 63] : '=');
	}
	return b->error;
}

int crypto_base64(struct buf *b, const void *bytes, size_t len)
{
	return sixes(b, bytes, len, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", 1);
}

int crypto_base64url(struct buf *b, const void *bytes, size_t len)
{
	return sixes(b, bytes, len, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", 0);
}

int crypto_unbase64(struct buf *b, const char *text)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t len = strcspn(text, "=");
	unsigned group = 0;

	if (len % 4 == 1 || strspn(text + len, "=") != strlen(text + len) || strlen(text + len) > 2)
		return -EINVAL;
	for (size_t i = 0; i < len; i++) {
		const char *digit = strchr(digits, text[i]);

		if (!digit)
			return -EINVAL;
		group = group << 6 | (unsigned)(digit - digits);
		/* From the second of four on each brings another byte to its end. */
		if (i % 4)
			buf_putc(b, (char)(group >> (6 - 2 * (i % 4))));
	}
	return b->error;
}

int crypto_hex(struct buf *b, const void *bytes, size_t len)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *at = bytes;

	for (size_t i = 0; i < len; i++) {
		buf_putc(b, digits[at[i] >> 4]);
		buf_putc(b, digits[at[i] & 15]);
	}
	return b->error;
}

_Bool crypto_equal(const void *a, size_t a_len, const void *b, size_t b_len)
{
	return a_len == b_len && CRYPTO_memcmp(a, b, a_len) == 0;
}

/* Without it libcrypto would ask for a passphrase on the terminal. */
static int no_passphrase(char *text, int size, int writing, void *context)
{
	return 0;
}

static void free_key(EVP_PKEY **key)
{
	EVP_PKEY_free(*key);
}

static void free_context(EVP_MD_CTX **context)
{
	EVP_MD_CTX_free(*context);
}

static EVP_PKEY *read_key(const char *pem)
{
	BIO *in = BIO_new_mem_buf(pem, -1);
	EVP_PKEY *key = in ? PEM_read_bio_PrivateKey(in, NULL, no_passphrase, NULL) : NULL;

	BIO_free(in);
	ERR_clear_error();
	return key;
}

int crypto_rs256(const char *pem, const void *bytes, size_t len, struct buf *b, struct err *e)
{
	_cleanup_(free_key) EVP_PKEY *key = read_key(pem);
	_cleanup_(free_context) EVP_MD_CTX *context = EVP_MD_CTX_new();
	size_t start = b->len, size = 0;

	if (!context)
		abort();
	if (!key)
		return err_set(e, EINVAL,
			"the private key is none that can be read: it has to be PEM, not encrypted");
	if (!EVP_PKEY_is_a(key, "RSA") || EVP_PKEY_get_bits(key) < RSA_LEAST_BITS)
		return err_set(e, EINVAL, "the private key has to be one for RSA with at least %d bits",
			RSA_LEAST_BITS);
	/* The default padding of an RSA key here is that of PKCS #1 v1.5. */
	if (EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key) != 1 ||
		EVP_DigestSign(context, NULL, &size, bytes, len) != 1)
		goto unfit;
	if (buf_resize(b, start + size) < 0)
		return b->error;
	if (EVP_DigestSign(context, (unsigned char *)b->data + start, &size, bytes, len) != 1)
		goto unfit;
	return buf_resize(b, start + size);
unfit:
	ERR_clear_error();
	return err_set(e, EINVAL, "the private key cannot sign");
}

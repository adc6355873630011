/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crypto - the little cryptography that logins and signatures need; libcrypto is behind it and nowhere else.
 *
 * Nothing here keeps a secret: keys and results are the caller's, to be wiped by him.        Threads: any.
 */
#pragma once

#include <stddef.h>

#include "seamfs/base/buf.h"
#include "seamfs/base/err.h"

enum crypto_hash { CRYPTO_SHA1, CRYPTO_SHA256, CRYPTO_SHA512 };

#define CRYPTO_SHA256_SIZE 32
#define CRYPTO_HASH_MAX	   64 /* bytes of the longest hash */

/* crypto_random - @len bytes that nobody can guess; aborts where the system has none */
void crypto_random(void *ret, size_t len);

/* crypto_sha256 - the hash of @len bytes (FIPS 180-4) */
void crypto_sha256(const void *bytes, size_t len, unsigned char ret[CRYPTO_SHA256_SIZE]);

/**
 * crypto_hmac - the keyed hash of @len bytes (RFC 2104)
 * @ret: of CRYPTO_HASH_MAX bytes
 *
 * Returns how many bytes of @ret are the hash: 20, 32 or 64.
 */
size_t crypto_hmac(enum crypto_hash hash, const void *key, size_t key_len, const void *bytes, size_t len,
	unsigned char ret[CRYPTO_HASH_MAX]);

/*
 * crypto_base64, crypto_base64url, crypto_hex - append the bytes as text: RFC 4648 4 (with "="), 5 (without),
 * 8 (lower case). 0 or -E2BIG.
 */
int crypto_base64(struct buf *b, const void *bytes, size_t len);
int crypto_base64url(struct buf *b, const void *bytes, size_t len);
int crypto_hex(struct buf *b, const void *bytes, size_t len);

/* crypto_unbase64 - appends the bytes that RFC 4648 4 wrote as @text; "=" may be missing. 0, -EINVAL or -E2BIG. */
int crypto_unbase64(struct buf *b, const char *text);

/* crypto_equal - same bytes; how long it takes tells only whether the lengths differ */
_Bool crypto_equal(const void *a, size_t a_len, const void *b, size_t b_len);

/**
 * crypto_rs256 - appends the signature of @len bytes to @b: RSASSA-PKCS1-v1_5 with SHA-256 (RFC 7518 3.3)
 * @pem: the private key, not encrypted, of at least 2048 bits
 *
 * Returns 0, -EINVAL with a sentence for a @pem that is no such key, or -E2BIG.
 */
int crypto_rs256(const char *pem, const void *bytes, size_t len, struct buf *b, struct err *e);

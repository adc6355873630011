/* SPDX-License-Identifier: Apache-2.0 */
/* http_url - the parts of URLs that only http.c needs.        Threads: any. */
#pragma once

/* url_origin - "https://host:port" of an absolute URL, given; NULL when it is none */
char *url_origin(const char *url);

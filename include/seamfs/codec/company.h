/* SPDX-License-Identifier: Apache-2.0 */
/* company - what is the same in two spellings of one company.        Threads: any. */
#pragma once

/* company_name - folded, without punctuation and legal form: "Northwind Traders, Ltd." → "northwind traders". Given. */
char *company_name(const char *text);

/**
 * company_domain - the domain of an e-mail or web address, without "www.": given to the caller
 *
 * NULL when there is none, or when it is that of a mail provider, where anybody can have an address.
 */
char *company_domain(const char *address);

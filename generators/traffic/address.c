#include "generators/traffic/address.h"

#include <arpa/inet.h>

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* One pair of digits and what follows it; false when it is not one. */
static int take_byte(const char **at, char follower, uint8_t *byte)
{
	int high = hex_digit((*at)[0]);
	int low = high < 0 ? -1 : hex_digit((*at)[1]);

	if (low < 0 || (*at)[2] != follower)
		return 0;
	*byte = (uint8_t)(high << 4 | low);
	*at += 3;
	return 1;
}

int cb_address_mac(const char *text, const char *option, uint8_t mac[6], struct cb_error *err)
{
	const char *at = text;
	uint8_t bytes[6];

	for (int i = 0; i < 6; i++)
		if (!take_byte(&at, i < 5 ? ':' : '\0', &bytes[i]))
			return cb_error_set(err, CB_ERR_USAGE,
				"%s: \"%s\" is not a MAC address; write it as 02:00:00:00:00:01",
				option, text);
	for (int i = 0; i < 6; i++)
		mac[i] = bytes[i];
	return 0;
}

int cb_address_ipv4(
	const char *text, const char *option, struct in_addr *address, struct cb_error *err)
{
	if (inet_pton(AF_INET, text, address) != 1)
		return cb_error_set(err, CB_ERR_USAGE,
			"%s: \"%s\" is not an IPv4 address; write it as 198.18.0.1", option, text);
	return 0;
}

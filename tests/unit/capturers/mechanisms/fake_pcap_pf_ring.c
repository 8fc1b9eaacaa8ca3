#define PF_RING
#include "tests/unit/capturers/mechanisms/fake_pcap_library.h"

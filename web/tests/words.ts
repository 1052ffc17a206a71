/** Unit tests read every word. */
import "../src/i18n/draw";
import "../src/i18n/line";
import "../src/i18n/order";
import "../src/i18n/pages";
import "../src/i18n/staff";

/** All words, of whatever part of the site. */
import drawEn from "../src/i18n/draw.en.json";
import drawKo from "../src/i18n/draw.ko.json";
import orderEn from "../src/i18n/order.en.json";
import orderKo from "../src/i18n/order.ko.json";
import pagesEn from "../src/i18n/en.json";
import pagesKo from "../src/i18n/ko.json";
import lineEn from "../src/i18n/line.en.json";
import lineKo from "../src/i18n/line.ko.json";
import sharedEn from "../src/i18n/shared.en.json";
import sharedKo from "../src/i18n/shared.ko.json";
import staffEn from "../src/i18n/staff.en.json";
import staffKo from "../src/i18n/staff.ko.json";

export const PARTS: readonly Record<string, string>[] = [sharedKo, pagesKo, lineKo, orderKo, drawKo, staffKo];
export const ko = { ...sharedKo, ...pagesKo, ...lineKo, ...orderKo, ...drawKo, ...staffKo };
export const en = { ...sharedEn, ...pagesEn, ...lineEn, ...orderEn, ...drawEn, ...staffEn };

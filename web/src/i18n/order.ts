/** The words of the page of an order. */
import { teach } from "./index";
import ko from "./order.ko.json";

teach({ ko, en: () => import("./order.en.json") });

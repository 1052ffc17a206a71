/** The words of promoters, operators and the gate. */
import { teach } from "./index";
import ko from "./staff.ko.json";

teach({ ko, en: () => import("./staff.en.json") });

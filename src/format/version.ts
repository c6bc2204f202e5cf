/** Of this program, as in package.json (a test holds the two together): records say which program wrote them. */
export const programVersion = "0.3.0";

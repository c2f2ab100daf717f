/** The task of piscina. */
export default (n) => n * 2;

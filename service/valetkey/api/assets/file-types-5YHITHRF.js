import{a}from"./chunk-QXKZG4WO.js";export{a as typeOf};

import{c as b,g as ee}from"./chunk-FJWGIS2B.js";import{a as X}from"./chunk-QXKZG4WO.js";var te=null;function ne(r){te=r.href}function re(){return te??"/"}function oe(r){let e=document.querySelector("script[data-valetkey-tickets]")?.dataset.valetkeyTickets;return e?()=>je(e,r):null}async function je(r,e){let t=await fetch(r,{method:"POST",headers:{Accept:"application/json","Content-Type":"application/json"},body:JSON.stringify(e?{profile:e}:{})}),{status:n}=t,o=await t.json().catch(()=>({}));if(t.ok&&typeof o.ticket=="string")return o.ticket;let i=typeof o.code=="string";throw new b(i?o.code:"token_unavailable",i?o.detail:"The page gives no ticket for uploads any more. Reload it, and log in again.",{status:n,retryable:n>=500||n===429})}ne(new URL("..",import.meta.url));var v={drop:{one:"Drop a file here, paste it, or",other:"Drop files here, paste them, or"},choose:{one:"Choose a file",other:"Choose files"},chooseFolder:"Choose a folder",dropNow:"Drop to upload",reading:"Reading the folder",files:"Files",overall:"All files",progressOf:"Progress of {name}",more:{one:"and {count} more",other:"and {count} more"},pause:"Pause {name}",resume:"Resume {name}",retry:"Retry {name}",cancel:"Cancel {name}",remove:"Remove {name} from the list",pauseAll:"Pause all",resumeAll:"Resume all",retryAll:"Retry failed",cancelAll:"Cancel all",clear:"Clear finished",dismiss:"Hide this message",interrupted:{one:"{count} upload was interrupted",other:"{count} uploads were interrupted"},there:"{sent} of {total} uploaded",allThere:"All {total} uploaded",chooseSame:"Choose the file again to resume",otherFile:"That is a different file. Choose the same one again",discard:"Discard {name}",discardAll:"Discard all",notDiscarded:"Not discarded: the service is unavailable. Try again",queued:"Queued",hashing:"Reading the file",creating:"Starting",sending:"{sent} of {total}",sendingFast:"{sent} of {total} \xB7 {speed} \xB7 {left} left",confirming:"Checking that it arrived",paused:"Paused at {percent}",confirmed:"Uploaded \xB7 {total}",aborted:"Cancelled",offline:"No network. Resumes automatically",waiting:"No response. Retrying automatically",waitingFor:"No response. Retrying in {left}",summary:{one:"{done} of {count} file uploaded",other:"{done} of {count} files uploaded"},summaryFailed:{one:"{count} not uploaded",other:"{count} not uploaded"},left:"{left} left",wrongKind:"This kind of file is not accepted here",tooLarge:"Too large: at most {limit}",tooMany:{one:"At most {limit} files. {count} file was left out.",other:"At most {limit} files. {count} files were left out."},onlyOne:{one:"Only one file. {count} was left out.",other:"Only one file. {count} were left out."},unreadable:{one:"{count} file could not be read.",other:"{count} files could not be read."},nothingInIt:"It contains no files.",empty:"The file is empty",sizeRefused:"The service does not accept a file of this size",kindRefused:"The service does not accept this kind of file",notWhatItSays:"The content does not match the file name",infected:"A scan refused the file",changed:"The file was changed, moved or deleted. Choose it again",noService:"The upload service could not be reached",noStorage:"The storage could not be reached",notAllowed:"You are not allowed to upload here. Reload the page",ended:"The upload was ended elsewhere",rejected:"Refused: {detail}",failed:"Failed: {detail}",required:"Please upload a file.",busy:{one:"Please wait: {count} file is still being uploaded.",other:"Please wait: {count} files are still being uploaded."},saidAdded:{one:"{name} was added.",other:"{count} files were added."},saidConfirmed:{one:"{name} was uploaded.",other:"{count} files were uploaded."},saidFailed:{one:"{name}: {message}.",other:"{count} files were not uploaded."},saidInterrupted:{one:"The upload of {name} was interrupted.",other:"{count} uploads were interrupted."},saidDiscarded:{one:"{name} was discarded.",other:"{count} uploads were discarded."},saidWaiting:"No response. Uploading resumes automatically."};var S=new Map,K=new Set;function j(r,e){let t=r.toLowerCase();S.set(t,{...S.get(t)??v,...e});for(let n of K)n()}function ie(r){return K.add(r),()=>K.delete(r)}function se(r){for(let e of r){let t=e.toLowerCase().split("-");for(let n=t.length;n>0;n--){let o=t.slice(0,n).join("-");if(S.has(o))return n===t.length?e:o}}return"en"}function ae(r){return S.get(r.toLowerCase())??v}var le=["byte","kilobyte","megabyte","gigabyte","terabyte"],w=class{constructor(e){this.lang=e;this.#e=new Intl.PluralRules(e)}lang;#e;#n=new Map;text(e,t={}){let n=ae(this.lang)[e];return(typeof n=="string"?n:this.#t(n,Number(t.count))).replace(/\{(\w+)\}/g,(i,s)=>this.#r(t[s])??i)}bytes(e){let{unit:t,value:n}=de(e);return t==="byte"?this.#o(e,{unit:t,unitDisplay:"long"}):this.#o(n,{unit:t,maximumFractionDigits:n<100&&e>=1e6?1:0})}speed(e){let{unit:t,value:n}=de(e);return this.#o(n,{unit:`${t}-per-second`,maximumFractionDigits:n<10?1:0})}duration(e){let t=Math.max(1,Math.ceil(e));return t<60?this.#o(t,{unit:"second"}):t<3600?this.#o(Math.ceil(t/60),{unit:"minute"}):this.#o(Math.ceil(t/3600),{unit:"hour"})}percent(e){return this.#i({style:"percent"}).format(e<1?Math.floor(e*100)/100:1)}#t(e,t){return e[this.#e.select(t)]??e.other}#r(e){return typeof e=="number"?this.#i({}).format(e):e}#o(e,t){return this.#i({style:"unit",unitDisplay:"short",...t}).format(e)}#i(e){let t=JSON.stringify(e),n=this.#n.get(t)??new Intl.NumberFormat(this.lang,e);return this.#n.set(t,n),n}};function de(r){let e=r<1e3?0:Math.min(le.length-1,Math.floor(Math.log10(r)/3));return{unit:le[e]??"byte",value:r/1e3**e}}function ue(r,e,t){for(let n of e)Object.defineProperty(r.prototype,ce(n),{configurable:!0,enumerable:!0,get(){return this.getAttribute(n)??""},set(o){o==null?this.removeAttribute(n):this.setAttribute(n,String(o))}});for(let n of t)Object.defineProperty(r.prototype,ce(n),{configurable:!0,enumerable:!0,get(){return this.hasAttribute(n)},set(o){this.toggleAttribute(n,!!o)}})}function he(r){let e=r;for(let t of Object.keys(r)){let n=e[t];delete e[t],e[t]=n}}function ce(r){return r.replace(/-(\w)/g,(e,t)=>t.toUpperCase())}var E=class{#e;#n=null;#t=null;constructor(e){this.#e=e}get token(){return this.#n??this.#e.getAttribute("token")}set token(e){this.#n=e,this.reset()}get uploader(){return this.#t??=this.#r(),this.#t}reset(){this.#t=null}#r(){let e=this.#e.getAttribute("endpoint"),t=this.#e.getAttribute("profile"),n=this.#e.getAttribute("user"),o=this.token??(e?null:oe(t));return ee({endpoint:e||re(),...o&&{token:o},...t&&{profile:t},...n&&{user:n}})}};var me=new WeakMap;function pe(r){return me.get(r)}async function fe(r){let e=Array.from(r.items).filter(({kind:s})=>s==="file"),t=e.map(s=>s.webkitGetAsEntry?.()??null),n=e.map(s=>s.getAsFile()),o=e.length>100?[]:e.map(qe),i={files:[],unreadable:0};for(let[s,d]of t.entries()){let l=n[s];if(d?.isDirectory)await ge(d,i);else if(l){i.files.push(l);let h=await o[s];h?.kind==="file"&&me.set(l,h)}}return i}function qe(r){return r.getAsFileSystemHandle?.().catch(()=>null)}async function ge(r,e){let t=await Ge(r,e);for(let n=0;n<t.length;n+=100){let o=t.slice(n,n+100),i=await Promise.all(o.map(s=>s.isFile&&We(s)));for(let s of i)s?e.files.push(s):s===null&&e.unreadable++}for(let n of t)n.isDirectory&&await ge(n,e)}async function Ge(r,e){let t=r.createReader(),n=[];try{for(;;){let o=await new Promise((i,s)=>t.readEntries(i,s));if(o.length===0)return n;n.push(...o)}}catch{return e.unreadable++,n}}async function We(r){try{let e=await new Promise((t,n)=>r.file(t,n));return Object.defineProperty(e,"webkitRelativePath",{value:r.fullPath.replace(/^\//,"")}),e}catch{return null}}function x({key:r,file:e,state:t,snapshot:n}){return{key:r,file:e,state:t,snapshot:n}}function f(r,e,t){r.dispatchEvent(new CustomEvent(e,{detail:t,bubbles:!0,composed:!0}))}var A=class extends HTMLElement{static formAssociated=!0;#e=this.attachInternals();get type(){return this.localName}get form(){return this.#e.form}get validity(){return this.#e.validity}get validationMessage(){return this.#e.validationMessage}get willValidate(){return this.#e.willValidate}checkValidity(){return this.#e.checkValidity()}reportValidity(){return this.#e.reportValidity()}setEntries(e,t){let n=new FormData;for(let o of t)n.append(e,o);this.#e.setFormValue(e&&t.length>0?n:null)}setValidity({moving:e,paused:t,confirmed:n},o,i,s){let d=e+t;d>0?this.#e.setValidity({customError:!0},i.text("busy",{count:d}),s):o&&n===0?this.#e.setValidity({valueMissing:!0},i.text("required"),s):this.#e.setValidity({})}};var Ye=300,$e="input, textarea, select, [contenteditable]";function ye(r,e){let t=0,n=(o,i)=>{we(o.dataTransfer)&&(o.preventDefault(),t=Math.max(0,t+i),o.dataTransfer&&(o.dataTransfer.dropEffect=e.usable()?"copy":"none"),e.dragging(t>0&&e.usable()))};r.addEventListener("dragenter",o=>n(o,1)),r.addEventListener("dragover",o=>n(o,0)),r.addEventListener("dragleave",o=>n(o,-1)),r.addEventListener("drop",o=>{n(o,-t),o.dataTransfer&&e.usable()&&ve(o.dataTransfer,e)})}function be(r,e){let t=n=>{n.defaultPrevented||!we(n.clipboardData)||!e.usable()||!Ze(r,n.composedPath())||!n.clipboardData||(n.preventDefault(),ve(n.clipboardData,e))};return document.addEventListener("paste",t),()=>document.removeEventListener("paste",t)}async function ve(r,e){let t=setTimeout(()=>e.reading(!0),Ye),n=await fe(r);clearTimeout(t),e.reading(!1),e.dropped(n)}function we(r){return r?.types.includes("Files")??!1}function Ze(r,e){return e.includes(r)?!0:!e.some(t=>t instanceof Element&&(t.matches($e)||t.localName===r.localName))}function xe(r){let e=Ie(r);return se(e?[e]:navigator.languages)}function ke(r){let e=new MutationObserver(r);e.observe(document.documentElement,{attributeFilter:["lang"],subtree:!0});let t=ie(r);return()=>{e.disconnect(),t()}}function Ie(r){let e=r.closest("[lang]");if(e)return e.getAttribute("lang");let t=r.getRootNode();return t instanceof ShadowRoot?Ie(t.host):null}var Qe={content_type_not_allowed:"kindRefused",size_out_of_range:"sizeRefused",content_mismatch:"notWhatItSays",type_mismatch:"notWhatItSays",infected:"infected",file_changed:"changed",file_mismatch:"otherFile",service_unreachable:"noService",storage_unreachable:"noStorage",storage_unavailable:"noStorage",unauthenticated:"notAllowed",token_unavailable:"notAllowed",ticket_used_up:"notAllowed",upload_ended:"ended"};function F(r,e){let{refusal:t,snapshot:n}=r;return t?e.text(t.key,{limit:e.bytes(t.limit??0)}):n?n.waiting&&r.stuck?Xe(n.waiting,e):n.error&&r.failed?Je(r,n.error,e):e.text(et(n),tt(n,e)):e.text("queued")}function T(r,e){let{trouble:t,stored:n,size:o,whole:i,needsFile:s}=r,d=e.bytes(o);if(t)return e.text(t);if(i)return e.text("allThere",{total:d});let l=n===null?d:e.text("there",{sent:e.bytes(n),total:d});return s?`${l}\xA0\xB7 ${e.text("chooseSame")}`:l}function Se({count:r,confirmed:e,failed:t,moving:n,speed:o,total:i,sent:s},d){let l=[d.text("summary",{done:e,count:r})];return t>0&&l.push(d.text("summaryFailed",{count:t})),n>0&&o>0&&l.push(d.text("left",{left:d.duration((i-s)/o)})),l.join(" \xB7 ")}function Je(r,e,t){if(r.size===0&&e.code==="size_out_of_range")return t.text("empty");let n=Qe[e.code];if(n)return t.text(n);let o=e.errors[0]?.detail??e.detail;return t.text(r.state==="rejected"?"rejected":"failed",{detail:o})}function Xe({reason:r,until:e},t){if(r==="offline")return t.text("offline");let n=((e??0)-Date.now())/1e3;return n>0?t.text("waitingFor",{left:t.duration(n)}):t.text("waiting")}function et({state:r,progress:e}){return r==="sending"?e.secondsLeft===null?"sending":"sendingFast":r==="rejected"||r==="failed"?"failed":r}function tt({progress:r},e){let{sent:t,total:n,speed:o,fraction:i,secondsLeft:s}=r;return{sent:e.bytes(t),total:e.bytes(n),speed:e.speed(o),percent:e.percent(i),left:e.duration(s??0)}}var L=class{#e;#n;#t=!1;#r=!1;constructor(e,t){this.#e=e,this.#n=t}noteChange(){this.#t=!0}reportState(e){if(e.state===e.reportedState)return!1;e.reportedState=e.state,this.#t=!0;let t=x(e);return f(this.#e,"valet-state",t),e.state==="confirmed"&&(this.#n.add("saidConfirmed",e.name),f(this.#e,"valet-confirmed",{...t,upload:e.snapshot?.upload})),e.failed&&(this.#n.add("saidFailed",e.name,n=>F(e,n)),f(this.#e,"valet-error",{...t,error:e.snapshot?.error??null})),!0}reportInterrupted(e,t){t==="found"&&this.#n.add("saidInterrupted",e.name),t==="troubled"&&this.#n.add("saidFailed",e.name,n=>T(e,n)),t==="discarded"&&this.#n.add("saidDiscarded",e.name)}commit(e,t,n){let o=this.#t;this.#t=!1,o&&f(this.#e,"valet-change",{value:e,items:t.map(x)});let i=n.moving+n.paused>0,{confirmed:s,failed:d}=n;this.#r&&!i&&f(this.#e,"valet-finished",{confirmed:s,failed:d}),this.#r=i}};function Ee(r){let e=!1;return()=>{e||(e=!0,requestAnimationFrame(()=>{e=!1,r()}))}}function Ae(r){let e,t=()=>{document.visibilityState==="visible"&&(r(),clearTimeout(e),e=setTimeout(r,2e3))};return t(),document.addEventListener("visibilitychange",t),()=>{clearTimeout(e),document.removeEventListener("visibilitychange",t)}}function q(r,e){let t=!1,n=()=>{t=!1,r()};return()=>{t||(t=!0,e()>100?setTimeout(n,100):queueMicrotask(n))}}var D=class{#e=new Map;#n;#t;#r="no";#o=null;constructor(e,t){this.#n=e,this.#t=t}add(e,t,n=()=>""){this.#e.set(e,{name:t,message:n,count:(this.#e.get(e)?.count??0)+1}),this.#i()}setWaiting(e){e?this.#r==="no"&&(this.#r="to say",this.#i()):this.#r="no"}#i(){this.#o??=setTimeout(()=>this.#s(this.#n()),1500)}#s(e){this.#o=null;let t=[...this.#e].map(([n,{name:o,message:i,count:s}])=>e.text(n,{count:s,name:o,message:i(e)}));this.#e.clear(),this.#r==="to say"&&(t.push(e.text("saidWaiting")),this.#r="said"),this.#t(t.join(" "))}};var G=class{constructor(e,t){this.record=e;this.stored=t;this.needsFile=!e.handle&&!this.whole}record;stored;trouble=null;needsFile;get name(){return this.record.file.path||this.record.file.name}get size(){return this.record.file.size}get whole(){return this.stored===this.size}},M=class{#e=new Map;#n=0;#t=new Set;#r=new Set;#o;constructor(e){this.#o=e}get list(){return[...this.#e.values()]}async refresh(e,t){let n=++this.#n,o=await e.inspectInterrupted();if(n!==this.#n)return;let i=this.#e;this.#e=new Map(this.list.filter(s=>this.#t.has(s)).map(s=>[s.record.id,s]));for(let{record:s,stored:d}of o){if(this.#r.has(s.id)||!t(s))continue;let l=i.get(s.id)??new G(s,d);l.stored=d??l.stored,this.#e.set(s.id,l)}for(let s of this.list)i.has(s.record.id)||this.#o(s,"found");for(let s of i.values())this.#e.has(s.record.id)||this.#o(s,"gone")}async resume(e,t,n){if(this.#t.has(e))return null;this.#t.add(e);try{if(n&&n.name!==e.record.file.name)throw new b("file_mismatch",n.name);let o=await t.resume(e.record,n&&rt(n,e.record.file.path));return this.forget(e.record.id),o}catch(o){return W(o)==="state_conflict"?this.forget(e.record.id):this.#i(e,nt(o)),e.needsFile=!0,null}finally{this.#t.delete(e)}}async discard(e,t){let{id:n}=e.record;if(!this.#t.has(e)){this.#t.add(e);try{await t.discard(e.record),this.#r.add(n),this.#e.delete(n),this.#o(e,"discarded")}catch(o){W(o)==="state_conflict"?this.forget(n):this.#i(e,"notDiscarded")}finally{this.#t.delete(e)}}}forget(e){let t=this.#e.get(e);t&&(this.#e.delete(e),this.#o(t,"gone"))}#i(e,t){e.trouble=t,this.#o(e,"troubled")}};function W(r){return r instanceof b?r.code:""}function nt(r){let e=W(r);return e==="file_mismatch"?"otherFile":e==="file_changed"?"changed":"chooseSame"}function rt(r,e){return e&&Object.defineProperty(r,"webkitRelativePath",{value:e}),r}var ot=new Set(["queued","hashing","creating","sending","confirming"]),it=new Set(["rejected","failed","refused"]),st=new Set(["file_changed","file_mismatch"]),at=new Set([413,415,422]),k=class{constructor(e,t,n,o={},i=null){this.key=e;this.file=t;this.refusal=n;this.options=o;this.interruptedId=i}key;file;refusal;options;interruptedId;upload=null;reportedState=null;get snapshot(){return this.upload?.snapshot??null}get name(){let{webkitRelativePath:e}=this.file;return e||this.file.name}get size(){return this.snapshot?.progress.total??this.file.size}get uploadId(){return this.snapshot?.upload?.id??this.interruptedId}get state(){return this.refusal?"refused":this.upload?.state??"queued"}get moving(){return ot.has(this.state)}get stuck(){let e=this.moving&&this.snapshot?.waiting;return!!(e&&(e.reason==="offline"||e.attempt>1))}get open(){return this.moving||this.state==="paused"}get failed(){return it.has(this.state)}get retryable(){if(this.file.size!==this.size)return!1;if(this.state==="aborted")return!0;let{status:e=0,code:t=""}=this.snapshot?.error??{};return this.state==="failed"&&!at.has(e)&&!st.has(t)}get confirmedId(){return this.state==="confirmed"?this.snapshot?.upload?.id??null:null}};var z=class{#e=new Map;#n=1;#t;#r;constructor(e,t){this.#t=e,this.#r=t}get items(){return[...this.#e.values()]}get size(){return this.#e.size}add(e,t,n,o){let i=e.map(l=>{let h=n(l);return new k(this.#n++,l,h,h?{}:o(l))}),s=i.filter(l=>!l.refusal),{uploads:d}=t.uploadAll(s.map(({file:l,options:h})=>({file:l,...h})));for(let l of i)this.#e.set(l.key,l);for(let[l,h]of s.entries())this.#o(h,d[l]);for(let l of i)this.#t(l);return i}addInterrupted(e,{id:t,profile:n,metadata:o,method:i,handle:s}){let d={profile:n,metadata:o,method:i,...s&&{handle:s}},l=new k(this.#n++,e.file,null,d,t);return this.#e.set(l.key,l),this.#o(l,e),this.#t(l),l}retry(e,t){e.retryable&&(this.#o(e,t.upload(e.file,e.options)),this.#t(e))}applyToAll(e,t){for(let n of this.items)e==="pauseAll"&&n.upload?.pause(),e==="resumeAll"&&n.upload?.resume(),e==="cancelAll"&&n.upload?.abort(),e==="retryAll"&&this.retry(n,t),e==="clear"&&this.remove(n)}remove(e){this.#e.delete(e.key),e.open&&e.upload?.abort(),this.#r()}#o(e,t){t&&(e.upload=t,t.subscribe(()=>{e.upload===t&&this.#e.has(e.key)&&this.#t(e)}))}};function Fe(r,{name:e,type:t}){let n=r.split(",").map(i=>i.trim().toLowerCase()).filter(Boolean),o=(t||X(e)||"").toLowerCase().split(";")[0]?.trim()??"";return n.length===0||n.some(i=>lt(i,e.toLowerCase(),o))}function lt(r,e,t){return r.startsWith(".")?e.endsWith(r):r==="*/*"?!0:r.endsWith("/*")?t.startsWith(r.slice(0,-1)):t===r}var _=class{#e;constructor(e){this.#e=e}get maxFiles(){return this.#e.multiple?Te(this.#e.maxFiles)??Number.POSITIVE_INFINITY:1}check=e=>{let t=Te(this.#e.maxSize);return Fe(this.#e.accept,e)?t!==null&&e.size>t?{key:"tooLarge",limit:t}:null:{key:"wrongKind"}};describeLeftOut(e,t){if(e+t===0)return null;let n=this.maxFiles,o=n===1?"onlyOne":"tooMany";return i=>[e>0?i.text(o,{limit:n,count:e}):"",t>0?i.text("unreadable",{count:t}):""].join(" ")}};function Te(r){return/^\d+$/.test(r.trim())?Number(r):null}function Y(r){let e={count:r.length,confirmed:0,failed:0,moving:0,paused:0,retryable:0,total:0,sent:0,speed:0};for(let t of r)dt(t,e);return e}function dt(r,e){let{state:t,snapshot:n}=r;t==="confirmed"&&e.confirmed++,r.failed&&e.failed++,r.moving&&e.moving++,t==="paused"&&e.paused++,r.retryable&&e.retryable++,!(!r.open&&t!=="confirmed")&&(e.total+=r.size,e.sent+=n?.progress.sent??0,r.moving&&(e.speed+=n?.progress.speed??0))}function a(r,e={},...t){let n=document.createElement(r);for(let[o,i]of Object.entries(e))c(n,o,i);return n.append(...t),n}function c(r,e,t){if(t===void 0||t===!1){r.hasAttribute(e)&&r.removeAttribute(e);return}let n=t===!0?"":t;r.getAttribute(e)!==n&&r.setAttribute(e,n)}function u(r,e){r.textContent!==e&&(r.textContent=e)}function p(r){let e="http://www.w3.org/2000/svg",t=document.createElementNS(e,"svg");return t.setAttribute("viewBox","0 0 24 24"),t.setAttribute("aria-hidden","true"),t.appendChild(document.createElementNS(e,"path")).setAttribute("d",r),t}function Le(r,e){let t=r.firstElementChild;t&&c(t,"d",e)}var De="M12 16V5m0 0L7.5 9.5M12 5l4.5 4.5M5 15v2.5A2.5 2.5 0 0 0 7.5 20h9a2.5 2.5 0 0 0 2.5-2.5V15",C="M13.5 3.5H8A2.5 2.5 0 0 0 5.5 6v12A2.5 2.5 0 0 0 8 20.5h8a2.5 2.5 0 0 0 2.5-2.5V8.5zm0 0V8.5h5",$="M9 6v12M15 6v12",I="M8.5 5.5v13L18 12z",Me="M19 12a7 7 0 1 1-2.2-5.1L19 9m0-4.5V9h-4.5",Z="M5 7.5h14M9.5 7.5V5h5v2.5M7 7.5l.8 11.5h8.4L17 7.5M10.5 11v5M13.5 11v5",g="M7 7l10 10M17 7L7 17";var R=class{element;button=a("button",{type:"button",class:"choose",part:"button choose"});#e=a("button",{type:"button",class:"quiet",part:"button choose-folder"});#n=a("span",{class:"hint",part:"hint"});#t=a("input",{type:"file",hidden:!0,tabindex:"-1","aria-hidden":"true"});#r=a("input",{type:"file",hidden:!0,webkitdirectory:!0,multiple:!0,"aria-hidden":"true"});constructor(e){this.element=a("div",{class:"zone",part:"zone"},a("span",{class:"badge"},p(De)),this.#n,a("span",{class:"picks"},this.button,this.#e),this.#t,this.#r),this.element.addEventListener("click",({target:t})=>this.#o(t));for(let t of[this.#t,this.#r])t.addEventListener("change",()=>ct(t,e))}pick(){this.#t.click()}update({multiple:e,folders:t,accept:n,disabled:o,dragging:i,reading:s},d){let l=e?2:1,h=s?d.text("reading"):d.text("drop",{count:l});u(this.#n,i?d.text("dropNow"):h),u(this.button,d.text("choose",{count:l})),u(this.#e,d.text("chooseFolder")),this.#e.hidden=!t||!e,this.button.disabled=o,this.#e.disabled=o,this.#t.multiple=e,c(this.#t,"accept",n||void 0),c(this.element,"data-disabled",o)}#o(e){e instanceof HTMLInputElement||this.button.disabled||(this.#e.contains(e)?this.#r.click():this.pick())}};function ct(r,e){let t=Array.from(r.files??[]);r.value="",t.length>0&&e(t)}var m=class{element;#e;constructor(e,t,n){this.#e=p(t),this.element=a("button",{type:"button",class:"icon",part:e},this.#e),this.element.addEventListener("click",n)}show(e){this.element.hidden=e===null,e!==null&&(Le(this.#e,e.path),c(this.element,"aria-label",e.label),c(this.element,"title",e.label),this.element.disabled=e.disabled??!1)}};var ut=/^image\/(png|jpeg|gif|webp|avif|bmp)$/,ze=Promise.resolve();function _e(r,e){if(!ut.test(r.type)||r.size>3e7)return Promise.resolve(null);let t=ze.then(()=>e()?ht(r):null).catch(()=>null);return ze=t,t}async function ht(r){let e=await createImageBitmap(r,{resizeHeight:88,resizeQuality:"medium"}),t=document.createElement("canvas");t.width=88,t.height=88;let n=Math.max(1,88/e.width),[o,i]=[e.width*n,e.height*n];return t.getContext("2d")?.drawImage(e,(88-o)/2,(88-i)/2,o,i),e.close(),t}var mt=12,O=class{constructor(e,t){this.item=e;this.#o=new m("button toggle",$,()=>e.retryable?t.retry(e):t.toggle(e)),this.#i=new m("button end",g,()=>t.end(e));let n=a("div",{class:"words"},Q(e.name),this.#e,this.#t),o=a("div",{class:"buttons"},this.#o.element,this.#i.element);this.element=a("li",{class:"row"},this.#r,n,o),this.#a()}item;element;#e=a("span",{class:"status",part:"status"});#n=a("span",{class:"fill",part:"progress-value"});#t=a("span",{class:"bar",part:"progress",role:"progressbar"},this.#n);#r=a("span",{class:"picture",part:"thumbnail"},p(C));#o;#i;update(e,t){let{item:n}=this,o=n.stuck?"waiting":n.state;c(this.element,"data-state",o),c(this.element,"part",`row ${o}`),u(this.#e,F(n,e)),this.#s(e),this.#d(e,t)}holds(e){return this.element.contains(e)}focus(){this.#i.element.focus()}#s(e){let{item:t}=this;if(this.#t.hidden=!t.open,!t.open)return;let n=t.snapshot?.progress.fraction??0;c(this.#t,"aria-label",e.text("progressOf",{name:t.name})),c(this.#t,"aria-valuenow",String(Math.floor(n*100))),this.#n.style.inlineSize=`${n*100}%`}#d(e,t){let{item:n}=this,{name:o}=n,i=this.#o.element.matches(":focus"),[s,d]=n.retryable?[Me,"retry"]:n.state==="paused"?[I,"resume"]:[$,"pause"],l=n.retryable||n.open;this.#o.show(l?{path:s,label:e.text(d,{name:o}),disabled:t}:null);let h=n.open?"cancel":"remove";this.#i.show({path:g,label:e.text(h,{name:o}),disabled:t}),i&&!l&&this.focus()}async#a(){let e=await _e(this.item.file,()=>this.element.isConnected);e&&this.#r.replaceChildren(e)}};function Q(r){let e=r.lastIndexOf("."),t=e>0&&r.length-e<=mt?e:r.length,n=a("span",{class:"stem"},r.slice(0,t));return a("bdi",{class:"name",part:"name",title:r},n,r.slice(t))}var H=class{element;#e=a("span",{class:"sum",id:"interrupted"});#n=a("button",{type:"button",class:"quiet",part:"button bulk"});#t=a("ul",{class:"list",role:"list","aria-labelledby":"interrupted"});#r=a("input",{type:"file",hidden:!0,tabindex:"-1","aria-hidden":"true"});#o=new Map;#i;#s=null;constructor(e){this.#i=e;let t=a("div",{class:"summary"},this.#e,this.#n);this.element=a("div",{class:"interrupted",part:"interrupted",hidden:!0},t,this.#t,this.#r),this.#n.addEventListener("click",()=>e.discard([...this.#o.keys()])),this.#r.addEventListener("change",()=>this.#u())}update(e,t,n){let o=new Set(e);for(let[i,s]of this.#o)o.has(i)||(s.element.remove(),this.#o.delete(i));for(let i of e)this.#d(i).update(t,n);this.element.hidden=e.length===0,u(this.#e,t.text("interrupted",{count:e.length})),u(this.#n,t.text("discardAll")),this.#n.hidden=e.length<2,this.#n.disabled=n}neighbour(e){let t=[...this.#o.values()],n=t.findIndex(o=>o.one===e);return(t[n+1]??t[n-1])?.button??null}has(e,t){return this.#o.get(e)?.element.contains(t)??!1}#d(e){let t=this.#o.get(e);if(t)return t;let n=new J(e,{resume:()=>this.#a(e),discard:()=>this.#i.discard([e])});return this.#o.set(e,n),this.#t.append(n.element),n}#a(e){this.#s=e,e.needsFile?this.#r.click():this.#i.resume(e,null)}#u(){let[e]=this.#r.files??[];this.#r.value="",e&&this.#s&&this.#i.resume(this.#s,e)}},J=class{constructor(e,t){this.one=e;this.#r=new m("button resume",I,t.resume),this.#o=new m("button discard",Z,t.discard);let n=a("span",{class:"picture",part:"thumbnail"},p(C)),o=a("div",{class:"words"},Q(e.name),this.#e,this.#t),i=a("div",{class:"buttons"},this.#r.element,this.#o.element);this.element=a("li",{class:"row",part:"row interrupted"},n,o,i)}one;element;#e=a("span",{class:"status",part:"status"});#n=a("span",{class:"fill",part:"progress-value"});#t=a("span",{class:"bar",part:"progress",role:"progressbar"},this.#n);#r;#o;get button(){return this.#r.element}update(e,t){let{one:n}=this,{name:o,stored:i,size:s}=n;c(this.element,"data-state",n.trouble?"troubled":"interrupted"),u(this.#e,T(n,e)),this.#r.show({path:I,label:e.text("resume",{name:o}),disabled:t}),this.#o.show({path:Z,label:e.text("discard",{name:o}),disabled:t});let d=i===null||s===0?0:i/s;this.#t.hidden=i===null,c(this.#t,"aria-label",e.text("progressOf",{name:o})),c(this.#t,"aria-valuenow",String(Math.floor(d*100))),this.#n.style.inlineSize=`${d*100}%`}};function Ce(r,e){if(r.length<=100)return r;let t=new Set(r.filter(n=>n===e));for(let n of[o=>o.state!=="confirmed",()=>!0])for(let o of r){if(t.size>=100)break;n(o)&&t.add(o)}return r.filter(n=>t.has(n))}var P=class{element=a("ul",{class:"list",part:"list",role:"list"});more=a("p",{class:"more",part:"more"});#e=new Map;#n;constructor(e){this.#n=e}update(e,t,n,o){let i=Ce(e,this.#t(o)?.item);this.#r(new Set(i)),this.#o(i);for(let d of this.#e.values())d.update(t,n);let s=e.length-i.length;this.element.setAttribute("aria-label",t.text("files")),this.element.hidden=e.length===0,this.more.hidden=s===0,u(this.more,s?t.text("more",{count:s}):"")}neighbour(e){let t=[...this.#e.values()],n=t.findIndex(o=>o.item===e);return t[n+1]??t[n-1]??null}get hasCountdown(){return[...this.#e.keys()].some(e=>e.stuck)}#t(e){return e?[...this.#e.values()].find(t=>t.holds(e)):void 0}#r(e){for(let[t,n]of this.#e)e.has(t)||(n.element.remove(),this.#e.delete(t))}#o(e){let t=this.element.firstElementChild,n=e.map(o=>[o,this.#e.get(o)??new O(o,this.#n)]);this.#e.clear();for(let[o,i]of n)this.#e.set(o,i),i.element===t?t=t.nextElementSibling:this.element.insertBefore(i.element,t)}};var N=class{element;#e=a("span");#n=new m("button",g,()=>this.show(null));#t=null;constructor(){this.element=a("div",{class:"notice",part:"notice",role:"alert",hidden:!0},this.#e,this.#n.element)}show(e){this.#t=e,this.element.hidden=e===null}update(e){u(this.#e,this.#t?.(e)??""),this.#n.show({path:g,label:e.text("dismiss")})}};var Re=`:host {
  --_accent: var(--valet-accent, #0b6e4f);
  --_on-accent: var(--valet-on-accent, #fff);
  --_text: var(--valet-text, #1b2420);
  --_muted: var(--valet-muted, #56635d);
  --_surface: var(--valet-surface, #fff);
  --_tint: var(--valet-tint, #f3f7f5);
  --_line: var(--valet-line, #d3ddd8);
  --_danger: var(--valet-danger, #b3261e);
  --_warning: var(--valet-warning, #8a5300);
  --_radius: var(--valet-radius, 12px);
  display: block;
  container-type: inline-size;
  color: var(--_text);
  font: var(--valet-font, 400 0.9375rem / 1.4 system-ui, sans-serif);
  text-align: start;
}
@supports (color: light-dark(#000, #fff)) {
  :host {
    --_accent: var(--valet-accent, light-dark(#0b6e4f, #5ed3a5));
    --_on-accent: var(--valet-on-accent, light-dark(#fff, #06281c));
    --_text: var(--valet-text, light-dark(#1b2420, #e8efeb));
    --_muted: var(--valet-muted, light-dark(#56635d, #a3b1aa));
    --_surface: var(--valet-surface, light-dark(#fff, #171d1a));
    --_tint: var(--valet-tint, light-dark(#f3f7f5, #1f2723));
    --_line: var(--valet-line, light-dark(#d3ddd8, #36423c));
    --_danger: var(--valet-danger, light-dark(#b3261e, #ff9d94));
    --_warning: var(--valet-warning, light-dark(#8a5300, #f3b95f));
  }
}
:host([theme="light"]) {
  color-scheme: light;
}
:host([theme="dark"]) {
  color-scheme: dark;
}
:host([hidden]),
[hidden] {
  display: none !important;
}
* {
  box-sizing: border-box;
}
.unseen {
  position: absolute;
  inline-size: 1px;
  block-size: 1px;
  overflow: hidden;
  clip-path: inset(50%);
  white-space: nowrap;
}
.frame {
  position: relative;
  overflow: hidden;
  background: var(--_surface);
  border: 1px solid var(--_line);
  border-radius: var(--_radius);
}

/* a language may have another direction than the page: its sentences keep their own, the layout that of the page */
.hint,
.status,
.sum,
.more {
  unicode-bidi: plaintext;
  text-align: match-parent;
}

/* where files come in */
.zone {
  display: flex;
  align-items: center;
  justify-content: center;
  gap: 12px 14px;
  padding: 14px 16px;
  background: var(--_tint);
  cursor: pointer;
  transition: background-color 0.15s;
}
.frame[data-empty] .zone {
  flex-direction: column;
  padding-block: 40px;
}
.zone[data-disabled] {
  opacity: 0.55;
  cursor: not-allowed;
}
.frame[data-dragging] {
  border-color: var(--_accent);
  box-shadow: 0 0 0 3px color-mix(in srgb, var(--_accent) 30%, transparent);
}
.frame[data-dragging] .zone {
  background: color-mix(in srgb, var(--_accent) 12%, var(--_surface));
}
.badge {
  display: grid;
  place-items: center;
  flex: none;
  inline-size: 48px;
  block-size: 48px;
  color: var(--_accent);
  background: color-mix(in srgb, var(--_accent) 12%, var(--_surface));
  border-radius: 50%;
  transition: transform 0.15s;
}
.frame[data-dragging] .badge {
  transform: translateY(-4px) scale(1.08);
}
.picks {
  display: flex;
  flex-wrap: wrap;
  justify-content: center;
  gap: 8px;
}
.hint {
  color: var(--_muted);
}
.frame:not([data-empty]) .hint {
  flex: 1;
}
.frame:not([data-empty]) .badge {
  inline-size: 40px;
  block-size: 40px;
}
svg {
  inline-size: 24px;
  block-size: 24px;
  fill: none;
  stroke: currentColor;
  stroke-width: 1.8;
  stroke-linecap: round;
  stroke-linejoin: round;
}

/* buttons */
button {
  min-block-size: 36px;
  padding: 6px 14px;
  font: inherit;
  font-weight: 550;
  color: inherit;
  background: none;
  border: 1px solid transparent;
  border-radius: calc(var(--_radius) * 0.65);
  cursor: pointer;
}
button:focus-visible {
  outline: 2px solid var(--_accent);
  outline-offset: 2px;
}
button:disabled {
  cursor: not-allowed;
}
.choose {
  color: var(--_on-accent);
  background: var(--_accent);
}
.choose:hover:not(:disabled) {
  background: color-mix(in srgb, var(--_accent) 88%, var(--_text));
}
.quiet {
  border-color: var(--_line);
  background: var(--_surface);
}
.quiet:hover:not(:disabled),
.icon:hover:not(:disabled) {
  background: color-mix(in srgb, var(--_text) 8%, var(--_surface));
}
.icon {
  display: grid;
  place-items: center;
  inline-size: 36px;
  padding: 0;
  color: var(--_muted);
  border-radius: 50%;
}
.icon svg {
  inline-size: 20px;
  block-size: 20px;
}
.buttons {
  display: flex;
  flex: none;
  gap: 4px;
}

/* sentences between the zone and the list */
.notice {
  display: flex;
  align-items: center;
  justify-content: space-between;
  gap: 12px;
  padding: 6px 10px 6px 16px;
  padding-inline: 16px 10px;
  color: var(--_warning);
  border-block-start: 1px solid var(--_line);
}
.summary {
  display: grid;
  grid-template-columns: 1fr auto;
  align-items: center;
  gap: 8px 12px;
  padding: 10px 16px;
  border-block-start: 1px solid var(--_line);
}
.summary .buttons {
  flex-wrap: wrap;
  justify-content: flex-end;
}
.summary .quiet {
  min-block-size: 30px;
  padding: 2px 10px;
  font-size: 0.875em;
}
.sum {
  font-variant-numeric: tabular-nums;
}
.summary .bar {
  grid-column: 1 / -1;
  margin: 0;
}
.interrupted {
  background: var(--_tint);
}
.interrupted .picture {
  background: var(--_surface);
}
.interrupted .quiet {
  justify-self: start;
}
.more {
  margin: 0;
  padding: 10px 16px;
  color: var(--_muted);
  text-align: center;
  border-block-start: 1px solid var(--_line);
}

/* the list */
.list {
  max-block-size: var(--valet-list-height, 26rem);
  margin: 0;
  padding: 0;
  overflow-y: auto;
  list-style: none;
  overscroll-behavior: contain;
}
.row {
  display: grid;
  grid-template-columns: 44px 1fr auto;
  align-items: center;
  gap: 14px;
  min-block-size: 68px;
  padding: 10px 10px 10px 16px;
  padding-inline: 16px 10px;
  border-block-start: 1px solid var(--_line);
  content-visibility: auto;
  contain-intrinsic-block-size: auto 68px;
}
.picture {
  display: grid;
  place-items: center;
  position: relative;
  inline-size: 44px;
  block-size: 44px;
  color: var(--_muted);
  background: var(--_tint);
  border-radius: calc(var(--_radius) * 0.65);
}
.picture canvas {
  inline-size: 100%;
  block-size: 100%;
  border-radius: inherit;
}
.words {
  display: grid;
  gap: 2px;
  min-inline-size: 0;
}
.name {
  display: flex;
  justify-self: start;
  min-inline-size: 0;
  max-inline-size: 100%;
  font-weight: 550;
  white-space: pre;
}
.stem {
  min-inline-size: 0;
  overflow: hidden;
  text-overflow: ellipsis;
}
.status {
  color: var(--_muted);
  font-size: 0.875em;
  font-variant-numeric: tabular-nums;
  overflow-wrap: anywhere;
}
.bar {
  display: block;
  block-size: 6px;
  margin-block-start: 5px;
  overflow: hidden;
  background: color-mix(in srgb, var(--_text) 12%, var(--_surface));
  border-radius: 3px;
}
.fill {
  display: block;
  inline-size: 0;
  block-size: 100%;
  background: var(--_accent);
  border-radius: inherit;
  transition: inline-size 0.2s linear;
}
:is([data-state="paused"], [data-state="interrupted"], [data-state="troubled"]) .fill {
  background: var(--_muted);
}
[data-state="waiting"] .fill {
  background: var(--_warning);
}
:is([data-state="waiting"], [data-state="troubled"]) .status {
  color: var(--_warning);
}
:is([data-state="rejected"], [data-state="failed"], [data-state="refused"]) .status {
  color: var(--_danger);
}
[data-state="confirmed"] .status {
  color: var(--_accent);
}
:is([data-state="confirmed"], [data-state="rejected"], [data-state="failed"], [data-state="refused"])
  .picture::after {
  content: "\u2713" / "";
  position: absolute;
  inset-block-end: -5px;
  inset-inline-end: -5px;
  display: grid;
  place-items: center;
  inline-size: 20px;
  block-size: 20px;
  font:
    700 12px / 1 system-ui,
    sans-serif;
  color: var(--_surface);
  background: var(--_accent);
  border: 2px solid var(--_surface);
  border-radius: 50%;
}
:is([data-state="rejected"], [data-state="failed"], [data-state="refused"]) .picture::after {
  content: "!" / "";
  background: var(--_danger);
}

@container (inline-size < 34rem) {
  .frame:not([data-empty]) :is(.badge, .hint) {
    display: none;
  }
}
@container (inline-size < 30rem) {
  .zone,
  .frame[data-empty] .zone {
    flex-direction: column;
    gap: 10px;
    padding: 14px;
  }
  .frame[data-empty] .zone {
    padding-block: 28px;
    text-align: center;
  }
  .summary {
    grid-template-columns: 1fr;
    padding-inline: 12px;
  }
  .summary .buttons {
    justify-content: flex-start;
  }
  .row {
    gap: 10px;
    padding-inline: 12px 6px;
  }
}
@media (prefers-reduced-motion: reduce) {
  * {
    transition: none !important;
  }
}
@media (forced-colors: active) {
  button {
    border-color: ButtonBorder;
  }
  .bar {
    border: 1px solid CanvasText;
  }
  .fill {
    forced-color-adjust: none;
    background: Highlight;
  }
  .frame[data-dragging] {
    border-color: Highlight;
    outline: 2px solid Highlight;
  }
}
`;var Oe={pauseAll:({moving:r})=>r>0,resumeAll:({moving:r,paused:e})=>r===0&&e>0,retryAll:({retryable:r})=>r>0,cancelAll:({moving:r,paused:e})=>r+e>0,clear:({moving:r,paused:e})=>r+e===0},He=Object.keys(Oe);function Pe(r,e){return Oe[r](e)}var U=class{element;#e=a("span",{class:"sum",part:"summary-text"});#n=a("span",{class:"fill",part:"progress-value"});#t=a("span",{class:"bar",part:"progress",role:"progressbar"},this.#n);#r=new Map;constructor(e){let t=a("div",{class:"buttons"});for(let n of He){let o=a("button",{type:"button",class:"quiet",part:"button bulk"});o.addEventListener("click",()=>e(n)),t.append(o),this.#r.set(n,o)}this.element=a("div",{class:"summary",part:"summary"},this.#e,t,this.#t)}update(e,t,n){if(this.element.hidden=e.count<2,!this.element.hidden){u(this.#e,Se(e,t)),this.#o(e,t);for(let[o,i]of this.#r)u(i,t.text(o)),i.hidden=!Pe(o,e),i.disabled=n}}#o({moving:e,paused:t,total:n,sent:o,confirmed:i,count:s},d){this.#t.hidden=e+t===0;let l=n>0?o/n:i/s;c(this.#t,"aria-label",d.text("overall")),c(this.#t,"aria-valuenow",String(Math.floor(l*100))),this.#n.style.inlineSize=`${l*100}%`}};var V=null,B=class{notice=new N;#e;#n;#t;#r;#o;#i=a("div",{class:"unseen",role:"status","aria-live":"polite"});#s;constructor(e,t){this.#e=e,this.#n=new R(t.add),this.#t=new H(t.interrupted),this.#r=new P(t),this.#o=new U(t.all),this.#s=a("div",{class:"frame",part:"frame"},this.#n.element,this.notice.element,this.#t.element,this.#o.element,this.#r.element,this.#r.more,this.#i),e.adoptedStyleSheets=[ft()],e.append(this.#s)}get anchor(){return this.#n.button}get hasCountdown(){return this.#r.hasCountdown}announce(e){this.#i.textContent=e}pick(){this.#n.pick()}moveFocusFrom(e){this.#e.activeElement?.closest(".row")&&(this.#r.neighbour(e)??this.anchor).focus()}moveFocusFromInterrupted(e){this.#t.has(e,this.#e.activeElement)&&(this.#t.neighbour(e)??this.anchor).focus()}update(e){let{items:t,interrupted:n,totals:o,localizer:i,disabled:s,dragging:d}=e,l=this.#e.activeElement;c(this.#s,"lang",i.lang),c(this.#s,"data-empty",t.length===0),c(this.#s,"data-dragging",d),this.#n.update(e,i),this.notice.update(i),this.#t.update(n,i,s),this.#o.update(o,i,s),this.#r.update(t,i,s,l),this.#d(l)}#d(e){let t=this.#e.activeElement;!e||t!==null&&t!==e||(!e.isConnected||e.hidden)&&this.anchor.focus()}};function ft(){return V||(V=new CSSStyleSheet,V.replaceSync(Re)),V}var Ne=["endpoint","profile","user","accept","name","theme","checksum","max-files","max-size"],Ue=["multiple","folders","required","disabled"],gt=["endpoint","token","profile","user"],yt=1e3,y=class extends A{static observedAttributes=[...Ne,...Ue,"lang","token"];metadata={};#e=new w("en");#n=!1;#t=!1;#r=!1;#o=null;#i=[];#s=new E(this);#d=new _(this);#a=new z(e=>this.#L(e),()=>this.#D());#u=new M((e,t)=>this.#T(e,t));#l;#p=new D(()=>this.#e,e=>this.#l.announce(e));#m;#c=Ee(()=>this.#z());#v=q(()=>this.#M(),()=>this.#a.size);#g=q(()=>this.#A(),()=>0);constructor(){super();let e=this.attachShadow({mode:"open",delegatesFocus:!0}),t={add:n=>this.add(n),toggle:n=>n.state==="paused"?n.upload?.resume():n.upload?.pause(),retry:n=>this.#a.retry(n,this.#s.uploader),end:n=>n.open?void n.upload?.abort():this.#E(n),all:n=>this.#h(n),interrupted:{resume:(n,o)=>{this.#F(n,o)},discard:n=>{for(let o of n)this.#u.discard(o,this.#s.uploader)}}};this.#l=new B(e,t),this.#m=new L(this,this.#p),ye(this,this.#w)}get token(){return this.#s.token}set token(e){this.#s.token=e,this.#g()}get value(){return this.#a.items.flatMap(e=>e.confirmedId??[])}get items(){return this.#a.items.map(x)}pick(){this.#f&&this.#l.pick()}add(e){this.#x({files:Array.from(e),unreadable:0})}pauseAll(){this.#h("pauseAll")}resumeAll(){this.#h("resumeAll")}retryAll(){this.#h("retryAll")}cancelAll(){this.#h("cancelAll")}clear(){this.#h("clear")}connectedCallback(){he(this),this.#i=[be(this,this.#w),ke(()=>this.#b()),Ae(this.#g)],this.#b()}disconnectedCallback(){for(let e of this.#i)e()}attributeChangedCallback(e){e==="lang"&&this.#b(),gt.includes(e)&&(this.#s.reset(),this.#g()),this.#y()}formDisabledCallback(e){this.#n=e,this.#c()}formResetCallback(){this.clear()}#w={usable:()=>this.#f,dragging:e=>{this.#t=e,this.#c()},reading:e=>{this.#r=e,this.#c()},dropped:e=>{this.#x(e),!(e.files.length+e.unreadable>0)&&(this.#l.notice.show(t=>t.text("nothingInIt")),this.#c())}};#S=e=>{let t=typeof this.metadata=="function"?this.metadata(e):this.metadata,n=pe(e);return{metadata:t,...this.checksum==="sha256"&&{checksum:"sha256"},...n&&{handle:n}}};get#f(){return!this.disabled&&!this.#n}#x({files:e,unreadable:t}){if(!this.#f)return;e.length>0&&this.#k();let n=this.#I(e.length,t);if(n!==0)for(let o of this.#a.add(e.slice(0,n),this.#s.uploader,this.#d.check,this.#S))o.refusal||this.#p.add("saidAdded",o.name)}#k(){if(!this.multiple)for(let e of this.#a.items)this.#a.remove(e)}#I(e,t=0){let n=this.#a.items.filter(i=>i.open||i.confirmedId).length,o=Math.min(e,Math.max(0,this.#d.maxFiles-n));return this.#l.notice.show(this.#d.describeLeftOut(e-o,t)),this.#c(),o}#E(e){this.#l.moveFocusFrom(e),this.#a.remove(e)}#h(e){e==="clear"&&this.#l.notice.show(null),this.#a.applyToAll(e,this.#s.uploader)}#A(){if(!this.isConnected)return;let e=({id:t,profile:n,file:o})=>n===this.profile&&!this.#d.check(o)&&!this.#a.items.some(({uploadId:i})=>i===t);this.#u.refresh(this.#s.uploader,e)}async#F(e,t){if(this.multiple&&this.#I(1)===0)return;let n=await this.#u.resume(e,this.#s.uploader,t);if(!n)return;this.#k();let o=this.#a.addInterrupted(n,e.record);this.#p.add("saidAdded",o.name)}#T(e,t){this.#m.reportInterrupted(e,t),(t==="discarded"||t==="gone")&&this.#l.moveFocusFromInterrupted(e),this.#c()}#y(){this.#c(),this.#v()}#L(e){this.#c(),e.uploadId&&this.#u.forget(e.uploadId),this.#m.reportState(e)&&this.#v()}#D(){this.#m.noteChange(),this.#y()}#M(){let{items:e}=this.#a,t=Y(e),{value:n}=this;this.setEntries(this.name,n),this.setValidity(t,this.required,this.#e,this.#l.anchor),this.#m.commit(n,e,t)}#b(){this.#e=new w(xe(this)),this.#y()}#z(){let{multiple:e,folders:t,accept:n}=this,{items:o}=this.#a;this.#l.update({items:o,interrupted:this.#u.list,totals:Y(o),localizer:this.#e,multiple:e,folders:t,accept:n,disabled:!this.#f,dragging:this.#t,reading:this.#r}),this.#p.setWaiting(this.#l.hasCountdown),this.#l.hasCountdown&&(this.#o??=setTimeout(()=>{this.#o=null,this.#c()},yt))}};ue(y,Ne,Ue);var Ve={drop:{one:"Datei hierher ziehen, einf\xFCgen oder",other:"Dateien hierher ziehen, einf\xFCgen oder"},choose:{one:"Datei ausw\xE4hlen",other:"Dateien ausw\xE4hlen"},chooseFolder:"Ordner ausw\xE4hlen",dropNow:"Loslassen zum Hochladen",reading:"Der Ordner wird durchgesehen",files:"Dateien",overall:"Alle Dateien",progressOf:"Fortschritt von {name}",more:{one:"und {count} weitere",other:"und {count} weitere"},pause:"{name} anhalten",resume:"{name} fortsetzen",retry:"{name} erneut versuchen",cancel:"{name} abbrechen",remove:"{name} aus der Liste entfernen",pauseAll:"Alle anhalten",resumeAll:"Alle fortsetzen",retryAll:"Fehlgeschlagene erneut versuchen",cancelAll:"Alle abbrechen",clear:"Fertige ausblenden",dismiss:"Meldung ausblenden",interrupted:{one:"{count} Datei wurde nicht fertig hochgeladen",other:"{count} Dateien wurden nicht fertig hochgeladen"},there:"{sent} von {total} sind da",allThere:"Alles ist da ({total})",chooseSame:"Zum Fortsetzen bitte die Datei neu ausw\xE4hlen",otherFile:"Das war eine andere Datei. Bitte noch einmal dieselbe ausw\xE4hlen",discard:"{name} verwerfen",discardAll:"Alle verwerfen",notDiscarded:"Nicht verworfen, denn der Dienst antwortet nicht. Bitte noch einmal versuchen",queued:"Wartet, bis sie an der Reihe ist",hashing:"Datei wird gelesen",creating:"Beginnt",sending:"{sent} von {total}",sendingFast:"{sent} von {total} \xB7 {speed} \xB7 noch {left}",confirming:"Ankunft wird gepr\xFCft",paused:"Angehalten bei {percent}",confirmed:"Hochgeladen \xB7 {total}",aborted:"Abgebrochen",offline:"Kein Netz. Geht von selbst weiter",waiting:"Keine Antwort. Wird von selbst erneut versucht",waitingFor:"Keine Antwort. N\xE4chster Versuch in {left}",summary:{one:"{done} von {count} Datei hochgeladen",other:"{done} von {count} Dateien hochgeladen"},summaryFailed:{one:"{count} nicht hochgeladen",other:"{count} nicht hochgeladen"},left:"noch {left}",wrongKind:"Diese Art von Datei wird hier nicht angenommen",tooLarge:"Zu gro\xDF: h\xF6chstens {limit}",tooMany:{one:"H\xF6chstens {limit} Dateien. {count} Datei wurde weggelassen.",other:"H\xF6chstens {limit} Dateien. {count} Dateien wurden weggelassen."},onlyOne:{one:"Nur eine Datei. {count} wurde weggelassen.",other:"Nur eine Datei. {count} wurden weggelassen."},unreadable:{one:"{count} Datei konnte nicht gelesen werden.",other:"{count} Dateien konnten nicht gelesen werden."},nothingInIt:"Darin war keine Datei.",empty:"Die Datei ist leer",sizeRefused:"Der Dienst nimmt keine Datei dieser Gr\xF6\xDFe an",kindRefused:"Der Dienst nimmt diese Art von Datei nicht an",notWhatItSays:"Der Inhalt ist nicht, was der Name sagt",infected:"Die Datei wurde bei einer Pr\xFCfung abgewiesen",changed:"Die Datei wurde ge\xE4ndert, verschoben oder gel\xF6scht. Bitte neu ausw\xE4hlen",noService:"Der Dienst zum Hochladen war nicht zu erreichen",noStorage:"Der Speicher war nicht zu erreichen",notAllowed:"Hochladen ist hier nicht oder nicht mehr erlaubt. Bitte die Seite neu laden",ended:"Das Hochladen wurde anderswo beendet",rejected:"Abgewiesen: {detail}",failed:"Fehlgeschlagen: {detail}",required:"Bitte eine Datei hochladen.",busy:{one:"Bitte warten: {count} Datei wird noch hochgeladen.",other:"Bitte warten: {count} Dateien werden noch hochgeladen."},saidAdded:{one:"{name} hinzugef\xFCgt.",other:"{count} Dateien hinzugef\xFCgt."},saidConfirmed:{one:"{name} hochgeladen.",other:"{count} Dateien hochgeladen."},saidFailed:{one:"{name}: {message}.",other:"{count} Dateien wurden nicht hochgeladen."},saidInterrupted:{one:"{name} wurde nicht fertig hochgeladen.",other:"{count} Dateien wurden nicht fertig hochgeladen."},saidDiscarded:{one:"{name} verworfen.",other:"{count} Dateien verworfen."},saidWaiting:"Keine Antwort. Es geht von selbst weiter."};var Be={drop:{one:"Arrastra un archivo aqu\xED, p\xE9galo o",many:"Arrastra archivos aqu\xED, p\xE9galos o",other:"Arrastra archivos aqu\xED, p\xE9galos o"},choose:{one:"Elige un archivo",many:"Elige archivos",other:"Elige archivos"},chooseFolder:"Elige una carpeta",dropNow:"Suelta para subir",reading:"Revisando la carpeta",files:"Archivos",overall:"Todos los archivos",progressOf:"Progreso de {name}",more:{one:"y {count} m\xE1s",many:"y {count} m\xE1s",other:"y {count} m\xE1s"},pause:"Pausar {name}",resume:"Continuar con {name}",retry:"Reintentar {name}",cancel:"Cancelar {name}",remove:"Quitar {name} de la lista",pauseAll:"Pausar todo",resumeAll:"Continuar con todo",retryAll:"Reintentar los fallidos",cancelAll:"Cancelar todo",clear:"Quitar los terminados",dismiss:"Ocultar este mensaje",interrupted:{one:"Se interrumpi\xF3 {count} subida",many:"Se interrumpieron {count} de subidas",other:"Se interrumpieron {count} subidas"},there:"Han llegado {sent} de {total}",allThere:"Ha llegado todo ({total})",chooseSame:"Elige el archivo otra vez para continuar",otherFile:"Era otro archivo. Elige otra vez el mismo",discard:"Descartar {name}",discardAll:"Descartar todo",notDiscarded:"No se ha descartado, porque el servicio no responde. Int\xE9ntalo de nuevo",queued:"Espera su turno",hashing:"Leyendo el archivo",creating:"Empezando",sending:"{sent} de {total}",sendingFast:"{sent} de {total} \xB7 {speed} \xB7 quedan {left}",confirming:"Comprobando que ha llegado",paused:"En pausa al {percent}",confirmed:"Subido \xB7 {total}",aborted:"Cancelado",offline:"Sin red. Contin\xFAa solo",waiting:"Sin respuesta. Se reintenta solo",waitingFor:"Sin respuesta. Se reintenta en {left}",summary:{one:"{done} de {count} archivo subido",many:"{done} de {count} de archivos subidos",other:"{done} de {count} archivos subidos"},summaryFailed:{one:"{count} sin subir",many:"{count} sin subir",other:"{count} sin subir"},left:"quedan {left}",wrongKind:"Aqu\xED no se acepta este tipo de archivo",tooLarge:"Demasiado grande: como m\xE1ximo {limit}",tooMany:{one:"Como m\xE1ximo {limit} archivos. Se ha descartado {count} archivo.",many:"Como m\xE1ximo {limit} archivos. Se han descartado {count} de archivos.",other:"Como m\xE1ximo {limit} archivos. Se han descartado {count} archivos."},onlyOne:{one:"Solo un archivo. Se ha descartado {count}.",many:"Solo un archivo. Se han descartado {count}.",other:"Solo un archivo. Se han descartado {count}."},unreadable:{one:"No se ha podido leer {count} archivo.",many:"No se han podido leer {count} de archivos.",other:"No se han podido leer {count} archivos."},nothingInIt:"No conten\xEDa ning\xFAn archivo.",empty:"El archivo est\xE1 vac\xEDo",sizeRefused:"El servicio no acepta un archivo de este tama\xF1o",kindRefused:"El servicio no acepta este tipo de archivo",notWhatItSays:"El contenido no es lo que dice el nombre",infected:"Un an\xE1lisis ha rechazado el archivo",changed:"El archivo se ha cambiado, movido o borrado. El\xEDgelo de nuevo",noService:"No se ha podido contactar con el servicio de subida",noStorage:"No se ha podido contactar con el almacenamiento",notAllowed:"No puedes subir archivos aqu\xED, o ya no. Recarga la p\xE1gina",ended:"La subida se ha terminado en otro lugar",rejected:"Rechazado: {detail}",failed:"Ha fallado: {detail}",required:"Sube un archivo.",busy:{one:"Espera: todav\xEDa se est\xE1 subiendo {count} archivo.",many:"Espera: todav\xEDa se est\xE1n subiendo {count} de archivos.",other:"Espera: todav\xEDa se est\xE1n subiendo {count} archivos."},saidAdded:{one:"Se ha a\xF1adido {name}.",many:"Se han a\xF1adido {count} de archivos.",other:"Se han a\xF1adido {count} archivos."},saidConfirmed:{one:"Se ha subido {name}.",many:"Se han subido {count} de archivos.",other:"Se han subido {count} archivos."},saidFailed:{one:"{name}: {message}.",many:"No se han subido {count} de archivos.",other:"No se han subido {count} archivos."},saidInterrupted:{one:"Se interrumpi\xF3 la subida de {name}.",many:"Se interrumpieron {count} de subidas.",other:"Se interrumpieron {count} subidas."},saidDiscarded:{one:"Se ha descartado {name}.",many:"Se han descartado {count} de archivos.",other:"Se han descartado {count} archivos."},saidWaiting:"Sin respuesta. Contin\xFAa solo."};var Ke={drop:{other:"\u5C06\u6587\u4EF6\u62D6\u653E\u6216\u7C98\u8D34\u5230\u6B64\u5904\uFF0C\u6216\u8005"},choose:{other:"\u9009\u62E9\u6587\u4EF6"},chooseFolder:"\u9009\u62E9\u6587\u4EF6\u5939",dropNow:"\u677E\u5F00\u5373\u53EF\u4E0A\u4F20",reading:"\u6B63\u5728\u67E5\u770B\u6587\u4EF6\u5939",files:"\u6587\u4EF6",overall:"\u6240\u6709\u6587\u4EF6",progressOf:"{name} \u7684\u8FDB\u5EA6",more:{other:"\u8FD8\u6709 {count} \u4E2A"},pause:"\u6682\u505C {name}",resume:"\u7EE7\u7EED\u4E0A\u4F20 {name}",retry:"\u91CD\u8BD5 {name}",cancel:"\u53D6\u6D88 {name}",remove:"\u4ECE\u5217\u8868\u4E2D\u79FB\u9664 {name}",pauseAll:"\u5168\u90E8\u6682\u505C",resumeAll:"\u5168\u90E8\u7EE7\u7EED",retryAll:"\u91CD\u8BD5\u5931\u8D25\u7684\u6587\u4EF6",cancelAll:"\u5168\u90E8\u53D6\u6D88",clear:"\u6E05\u9664\u5DF2\u5B8C\u6210\u7684",dismiss:"\u9690\u85CF\u6B64\u6D88\u606F",interrupted:{other:"{count} \u4E2A\u4E0A\u4F20\u4E2D\u65AD"},there:"\u5DF2\u6709 {sent} / {total}",allThere:"\u5168\u90E8\u5DF2\u9001\u8FBE\uFF08{total}\uFF09",chooseSame:"\u8BF7\u91CD\u65B0\u9009\u62E9\u8BE5\u6587\u4EF6\u4EE5\u7EE7\u7EED",otherFile:"\u8FD9\u662F\u53E6\u4E00\u4E2A\u6587\u4EF6\uFF0C\u8BF7\u9009\u62E9\u539F\u6765\u7684\u6587\u4EF6",discard:"\u653E\u5F03 {name}",discardAll:"\u5168\u90E8\u653E\u5F03",notDiscarded:"\u670D\u52A1\u6CA1\u6709\u54CD\u5E94\uFF0C\u672A\u80FD\u653E\u5F03\uFF0C\u8BF7\u91CD\u8BD5",queued:"\u6392\u961F\u7B49\u5F85",hashing:"\u6B63\u5728\u8BFB\u53D6\u6587\u4EF6",creating:"\u6B63\u5728\u5F00\u59CB",sending:"{sent} / {total}",sendingFast:"{sent} / {total} \xB7 {speed} \xB7 \u5269\u4F59 {left}",confirming:"\u6B63\u5728\u786E\u8BA4\u662F\u5426\u9001\u8FBE",paused:"\u5DF2\u6682\u505C\uFF08{percent}\uFF09",confirmed:"\u5DF2\u4E0A\u4F20 \xB7 {total}",aborted:"\u5DF2\u53D6\u6D88",offline:"\u6CA1\u6709\u7F51\u7EDC\uFF0C\u6062\u590D\u540E\u81EA\u52A8\u7EE7\u7EED",waiting:"\u6CA1\u6709\u54CD\u5E94\uFF0C\u5C06\u81EA\u52A8\u91CD\u8BD5",waitingFor:"\u6CA1\u6709\u54CD\u5E94\uFF0C{left}\u540E\u91CD\u8BD5",summary:{other:"\u5DF2\u4E0A\u4F20 {done} / {count} \u4E2A\u6587\u4EF6"},summaryFailed:{other:"{count} \u4E2A\u672A\u4E0A\u4F20"},left:"\u5269\u4F59 {left}",wrongKind:"\u6B64\u5904\u4E0D\u63A5\u53D7\u8FD9\u79CD\u6587\u4EF6",tooLarge:"\u6587\u4EF6\u8FC7\u5927\uFF1A\u6700\u5927 {limit}",tooMany:{other:"\u6700\u591A {limit} \u4E2A\u6587\u4EF6\uFF0C\u5DF2\u5FFD\u7565 {count} \u4E2A\u6587\u4EF6\u3002"},onlyOne:{other:"\u53EA\u80FD\u4E0A\u4F20\u4E00\u4E2A\u6587\u4EF6\uFF0C\u5DF2\u5FFD\u7565 {count} \u4E2A\u3002"},unreadable:{other:"{count} \u4E2A\u6587\u4EF6\u65E0\u6CD5\u8BFB\u53D6\u3002"},nothingInIt:"\u5176\u4E2D\u6CA1\u6709\u6587\u4EF6\u3002",empty:"\u6587\u4EF6\u662F\u7A7A\u7684",sizeRefused:"\u670D\u52A1\u4E0D\u63A5\u53D7\u8FD9\u79CD\u5927\u5C0F\u7684\u6587\u4EF6",kindRefused:"\u670D\u52A1\u4E0D\u63A5\u53D7\u8FD9\u79CD\u6587\u4EF6",notWhatItSays:"\u6587\u4EF6\u5185\u5BB9\u4E0E\u6587\u4EF6\u540D\u4E0D\u7B26",infected:"\u6587\u4EF6\u672A\u901A\u8FC7\u626B\u63CF",changed:"\u6587\u4EF6\u5DF2\u88AB\u66F4\u6539\u3001\u79FB\u52A8\u6216\u5220\u9664\uFF0C\u8BF7\u91CD\u65B0\u9009\u62E9",noService:"\u65E0\u6CD5\u8FDE\u63A5\u4E0A\u4F20\u670D\u52A1",noStorage:"\u65E0\u6CD5\u8FDE\u63A5\u5B58\u50A8",notAllowed:"\u60A8\u6CA1\u6709\u6216\u4E0D\u518D\u6709\u4E0A\u4F20\u6743\u9650\uFF0C\u8BF7\u91CD\u65B0\u52A0\u8F7D\u9875\u9762",ended:"\u4E0A\u4F20\u5DF2\u5728\u522B\u5904\u7ED3\u675F",rejected:"\u5DF2\u62D2\u7EDD\uFF1A{detail}",failed:"\u5931\u8D25\uFF1A{detail}",required:"\u8BF7\u4E0A\u4F20\u6587\u4EF6\u3002",busy:{other:"\u8BF7\u7A0D\u5019\uFF1A\u4ECD\u6709 {count} \u4E2A\u6587\u4EF6\u6B63\u5728\u4E0A\u4F20\u3002"},saidAdded:{other:"\u5DF2\u6DFB\u52A0 {count} \u4E2A\u6587\u4EF6\u3002"},saidConfirmed:{other:"\u5DF2\u4E0A\u4F20 {count} \u4E2A\u6587\u4EF6\u3002"},saidFailed:{other:"{count} \u4E2A\u6587\u4EF6\u672A\u4E0A\u4F20\uFF1A{message}\u3002"},saidInterrupted:{other:"{count} \u4E2A\u4E0A\u4F20\u4E2D\u65AD\u3002"},saidDiscarded:{other:"\u5DF2\u653E\u5F03 {count} \u4E2A\u4E0A\u4F20\u3002"},saidWaiting:"\u6CA1\u6709\u54CD\u5E94\uFF0C\u5C06\u81EA\u52A8\u7EE7\u7EED\u3002"};for(let[r,e]of Object.entries({en:v,de:Ve,es:Be,zh:Ke}))j(r,e);customElements.get("valet-upload")||customElements.define("valet-upload",y);export{y as ValetUpload,j as registerTranslation};

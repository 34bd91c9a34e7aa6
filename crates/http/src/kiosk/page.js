'use strict';
(() => {
  const TEXTS = {
    en: {
      title: 'Check-in', introduction: 'Sign in as staff to open the door.', gym: 'Gym number', token: 'Access token',
      email: 'E-mail (development)', askToken: 'Get a development token', open: 'Open', close: 'Close',
      camera: 'Camera', scan: 'Scan or type a code, then Enter', ready: 'Ready', offline: 'No connection. Try again.',
      failed: 'That did not work. Try again.', expired: 'Please sign in again.', refused: 'Not signed in: ',
      noCamera: 'The camera cannot be used.',
    },
    es: {
      title: 'Registro', introduction: 'Inicia sesión como personal para abrir la puerta.', gym: 'Número del gimnasio',
      token: 'Token de acceso', email: 'Correo (desarrollo)', askToken: 'Obtener un token de desarrollo', open: 'Abrir',
      close: 'Cerrar', camera: 'Cámara', scan: 'Escanea o escribe un código y pulsa Intro', ready: 'Listo',
      offline: 'Sin conexión. Inténtalo de nuevo.', failed: 'No ha funcionado. Inténtalo de nuevo.',
      expired: 'Vuelve a iniciar sesión.', refused: 'No se pudo iniciar sesión: ',
      noCamera: 'No se puede usar la cámara.',
    },
  };
  const language = navigator.language.toLowerCase().startsWith('es') ? 'es' : 'en';
  const texts = TEXTS[language];
  const at = (id) => document.getElementById(id);
  // what was shown makes room for the next after so many milliseconds
  const SHOWN_FOR = 8000;
  const PATIENCE = 15000;
  // a code that stays in front of the camera is one scan
  const SAME_CODE = 4000;
  const KEPT_AS = 'gymapi-kiosk';

  let access = null;
  let fading = 0;
  let turn = Promise.resolve();

  document.documentElement.lang = language;
  document.title = texts.title;
  for (const element of document.querySelectorAll('[data-text]')) element.textContent = texts[element.dataset.text];
  for (const element of document.querySelectorAll('[data-label]')) {
    element.placeholder = texts[element.dataset.label];
    element.setAttribute('aria-label', texts[element.dataset.label]);
  }

  const call = async (path, how) => {
    const headers = { 'Accept': 'application/json', 'Accept-Language': language, ...how.headers };
    if (how.body) headers['Content-Type'] = 'application/json';
    const asked = { cache: 'no-store', credentials: 'omit', signal: AbortSignal.timeout(PATIENCE), ...how, headers };
    const answer = await fetch(path, asked);
    const body = await answer.json().catch(() => ({}));
    return { ok: answer.ok, status: answer.status, body };
  };
  const inGym = ({ token, gym }) => ({ 'Authorization': `Bearer ${token}`, 'X-Gym-ID': gym });
  const detail = (body) => (typeof body.detail === 'string' ? body.detail : texts.failed);

  const show = (outcome, who, what, picture) => {
    clearTimeout(fading);
    at('result').dataset.outcome = outcome;
    at('who').textContent = who;
    at('what').textContent = what;
    at('picture').hidden = !picture;
    if (picture) at('picture').src = picture;
    else at('picture').removeAttribute('src');
    if (outcome !== 'ready') fading = setTimeout(ready, SHOWN_FOR);
  };
  const ready = () => show('ready', texts.ready, '', null);

  const checkIn = async (code) => {
    let answer;
    try {
      const headers = inGym(access);
      answer = await call('/api/v1/attendance/check-in', { method: 'POST', headers, body: JSON.stringify({ qr_code: code }) });
    } catch {
      show('failed', texts.offline, '', null);
      return;
    }
    if (answer.ok) {
      const { member, class_name: name, session } = answer.body;
      const who = [member.first_name, member.last_name].filter(Boolean).join(' ') || `#${member.id}`;
      const time = new Date(session.start_time).toLocaleTimeString(language, { hour: '2-digit', minute: '2-digit' });
      show('success', who, `${name} · ${time}`, member.picture);
    } else if (answer.status === 401) {
      close(texts.expired);
    } else {
      show(answer.body.code === 'already_checked_in' ? 'again' : 'refused', detail(answer.body), '', null);
    }
  };

  // one after the other, so that the last code is the last that is shown
  const scanned = (code) => {
    const text = code.trim();
    if (!text || !access) return;
    turn = turn.then(() => (access ? checkIn(text) : undefined));
  };

  const open = async (wanted) => {
    let answer;
    try {
      answer = await call('/api/v1/context/workspace', { method: 'GET', headers: inGym(wanted) });
    } catch {
      // a server that restarts ends nobody's session
      close(texts.offline, true);
      return;
    }
    if (!answer.ok) {
      close(texts.refused + detail(answer.body));
      return;
    }
    access = wanted;
    sessionStorage.setItem(KEPT_AS, JSON.stringify(wanted));
    at('gym-name').textContent = answer.body.workspace?.name ?? '';
    at('token').value = '';
    at('sign-in').hidden = true;
    at('door').hidden = false;
    ready();
    at('code').focus();
  };

  const close = (why, keep = false) => {
    access = null;
    if (!keep) sessionStorage.removeItem(KEPT_AS);
    stopCamera();
    at('door').hidden = true;
    at('sign-in').hidden = false;
    at('sign-in-error').textContent = why;
    at('gym').focus();
  };

  at('sign-in-form').addEventListener('submit', (event) => {
    event.preventDefault();
    at('sign-in-error').textContent = '';
    open({ token: at('token').value.trim(), gym: at('gym').value.trim() });
  });
  at('close').addEventListener('click', () => close(''));
  at('scan').addEventListener('submit', (event) => {
    event.preventDefault();
    const code = at('code').value;
    at('code').value = '';
    at('code').focus();
    scanned(code);
  });
  // a scanner types: whatever it types goes into the field
  document.addEventListener('keydown', (event) => {
    const typed = event.key.length === 1 && !event.ctrlKey && !event.metaKey && !event.altKey;
    if (!at('door').hidden && typed && document.activeElement !== at('code')) at('code').focus();
  });

  if (document.documentElement.dataset.development === 'true') {
    at('development').hidden = false;
    at('ask-token').addEventListener('click', async () => {
      try {
        const asked = JSON.stringify({ email: at('email').value.trim() });
        const answer = await call('/dev/token', { method: 'POST', body: asked });
        at('token').value = answer.body.access_token ?? '';
        at('sign-in-error').textContent = answer.ok ? '' : texts.failed;
      } catch {
        at('sign-in-error').textContent = texts.offline;
      }
    });
  }

  let stream = null;
  const stopCamera = () => {
    for (const track of stream?.getTracks() ?? []) track.stop();
    stream = null;
    at('view').hidden = true;
  };
  const watch = async (detector) => {
    let last = { code: '', when: 0 };
    while (stream) {
      const found = await detector.detect(at('view')).catch(() => []);
      const code = found[0]?.rawValue ?? '';
      const now = Date.now();
      if (code && (code !== last.code || now - last.when > SAME_CODE)) scanned(code);
      if (code) last = { code, when: now };
      await new Promise((resume) => { setTimeout(resume, 150); });
    }
  };
  if ('BarcodeDetector' in window && navigator.mediaDevices?.getUserMedia) {
    at('camera').hidden = false;
    at('camera').addEventListener('click', async () => {
      if (stream) {
        stopCamera();
      } else {
        try {
          stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: 'user' } });
          at('view').srcObject = stream;
          at('view').hidden = false;
          await at('view').play();
          watch(new window.BarcodeDetector({ formats: ['qr_code'] }));
        } catch {
          stopCamera();
          show('failed', texts.noCamera, '', null);
        }
      }
      at('code').focus();
    });
  }

  const kept = sessionStorage.getItem(KEPT_AS);
  if (kept) open(JSON.parse(kept));
  else close('');
})();

// The worker: it has the guest, and answers the page.
import { listen } from './listen.js';
import { serve } from './serve.js';

listen((tell) => serve(tell));

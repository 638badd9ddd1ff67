;;; dragoman.el --- Dragoman through Eglot  -*- lexical-binding: t; -*-

;;; Commentary:

;; For Emacs 30.  Tells Eglot of the server, and adds what Eglot has no command for: free text, a menu that knows what
;; every checker has found, and a way to stop.  Everything else is Eglot's own: eldoc, completion, undo.

;;; Code:

(require 'eglot)

(defgroup dragoman nil
  "AI code actions over many model providers."
  :group 'tools)

(defcustom dragoman-options nil
  "Settings for the server as a property list, in the words of its settings page.
For instance (:routing (:fallback_order [\"anthropic\" \"ollama\"]))."
  :type '(plist :value-type sexp))

(defcustom dragoman-modes
  '((python-base-mode :language-id "python") (js-base-mode :language-id "javascript")
    (typescript-ts-mode :language-id "typescript") (tsx-ts-mode :language-id "typescriptreact")
    go-ts-mode rust-ts-mode c-mode c-ts-mode (c++-mode :language-id "cpp") (c++-ts-mode :language-id "cpp")
    java-mode java-ts-mode (ruby-base-mode :language-id "ruby") (sh-base-mode :language-id "shellscript") markdown-mode)
  "Modes in which Eglot starts Dragoman, in the form of `eglot-server-programs'.
Eglot has one server for a buffer: these do without another."
  :type '(repeat sexp))

(defclass dragoman-server (eglot-lsp-server)
  ((titles :initform (make-hash-table :test #'equal) :documentation "What runs, by its token."))
  "Dragoman, as Eglot's server.")

(defun dragoman-contact (&rest _)
  "The server's command line, and its settings at the beginning."
  (unless (executable-find "dragoman")
    (user-error "There is no dragoman on exec-path: install it, or (add-to-list 'exec-path \"~/.local/bin\")"))
  `(dragoman-server "dragoman" "lsp" :initializationOptions ,(or dragoman-options eglot--{})))

(add-to-list 'eglot-server-programs (cons dragoman-modes #'dragoman-contact))

(defun dragoman-ensure ()
  "Start Dragoman in this buffer, beside Flymake's other checkers."
  (setq-local eglot-stay-out-of (cons 'flymake-diagnostic-functions eglot-stay-out-of))
  (add-hook 'flymake-diagnostic-functions #'eglot-flymake-backend nil t)
  (eglot-ensure))

(cl-defmethod eglot-handle-request :around ((_server dragoman-server) (_method (eql workspace/applyEdit)) &rest _)
  "Take edits unasked: a question would get the keys of whoever types."
  (let ((eglot-confirm-server-edits nil))
    (cl-call-next-method)))

(cl-defmethod eglot-handle-request :around
  ((_server dragoman-server) (_method (eql window/showDocument)) &key uri external &allow-other-keys)
  "Show a file, too, that is new and has not been saved."
  (if-let* ((buffer (and (not (eq external t)) (get-file-buffer (eglot-uri-to-path uri)))))
      (progn (run-with-timer 0 nil #'pop-to-buffer buffer) '(:success t))
    (cl-call-next-method)))

(cl-defmethod eglot-handle-notification :around
  ((server dragoman-server) (_method (eql $/progress)) &key token value &allow-other-keys)
  "Show in the echo area who is asked, failover, and tokens so far.
Emacs's own progress reporters drop what comes soon after something else."
  (let ((titles (slot-value server 'titles)) (message-log-max nil))
    (when-let* ((title (plist-get value :title)))
      (puthash token title titles))
    (when eglot-report-progress
      (message "Dragoman: %s: %s" (gethash token titles) (or (plist-get value :message) "begun")))
    (when (equal (plist-get value :kind) "end")
      (remhash token titles))))

(defun dragoman--server ()
  "The server of this buffer, or an error with the way to get one."
  (or (eglot-current-server) (user-error "Dragoman does not run here: M-x dragoman-ensure starts it")))

(defun dragoman--place ()
  "The region, or point, as the server's commands take it."
  (list :textDocument (eglot--TextDocumentIdentifier)
        :range (if (use-region-p) (dragoman--range (region-beginning) (region-end)) (dragoman--range (point) (point)))))

(defun dragoman--range (start end)
  "START to END as LSP has them."
  (list :start (eglot--pos-to-lsp-position start) :end (eglot--pos-to-lsp-position end)))

(defun dragoman--problem (found)
  "What a checker has FOUND, as LSP has it."
  (let ((data (flymake-diagnostic-data found)))
    (or (and (proper-list-p data) (alist-get 'eglot-lsp-diag data))
        (list :range (dragoman--range (flymake-diagnostic-beg found) (flymake-diagnostic-end found))
              :severity (if (eq (flymake-diagnostic-type found) :error) 1 2)
              :message (flymake-diagnostic-text found)))))

(defun dragoman-actions ()
  "Choose what to do with the region, or at point.
What any of Flymake's checkers has found on these lines can be fixed, too."
  (interactive)
  (let* ((server (dragoman--server))
         (found (save-excursion
                  (flymake-diagnostics (if (use-region-p) (region-beginning) (pos-bol))
                                       (if (use-region-p) (region-end) (pos-eol)))))
         (context (list :diagnostics (vconcat (mapcar #'dragoman--problem found))))
         (actions (eglot--request server :textDocument/codeAction (append (dragoman--place) (list :context context))))
         (titles (mapcar (lambda (action) (plist-get action :title)) actions)))
    (unless titles
      (user-error "There is nothing to do here: put point into a function, or select something"))
    (let ((title (completing-read (format-prompt "Dragoman" (car titles)) titles nil t nil nil (car titles))))
      (eglot-execute server (seq-find (lambda (action) (equal title (plist-get action :title))) actions)))))

(defun dragoman--run (command instruction)
  "Run the server's COMMAND with an INSTRUCTION on the region, or at point."
  (eglot-execute (dragoman--server)
                 `(:command ,command :arguments [,(append (dragoman--place) (list :instruction instruction))])))

(defun dragoman-ask (question)
  "Ask a QUESTION about the region, or about the definition at point."
  (interactive "sAsk: ")
  (dragoman--run "dragoman.ask" question))

(defun dragoman-edit (instruction)
  "Change the region, or the definition at point, by an INSTRUCTION."
  (interactive "sEdit: ")
  (dragoman--run "dragoman.edit" instruction))

(defun dragoman-cancel ()
  "Stop everything that Dragoman does."
  (interactive)
  (eglot-execute (dragoman--server) '(:command "dragoman.cancel" :arguments [])))

(defvar-keymap dragoman-map
  :doc "Keys for Dragoman, to be bound to a prefix."
  "a" #'dragoman-actions
  "q" #'dragoman-ask
  "e" #'dragoman-edit
  "x" #'dragoman-cancel)

(provide 'dragoman)
;;; dragoman.el ends here

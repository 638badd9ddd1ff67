;;; dragoman.el --- Dragoman through Eglot  -*- lexical-binding: t; -*-

;; For Emacs 30. Tells Eglot of the server, and adds what Eglot has no command for: free text, and a way to stop.
;; Everything else is Eglot's own: M-x eglot-code-actions, eldoc, undo.

(require 'eglot)

(defgroup dragoman nil
  "AI code actions over many model providers."
  :group 'tools)

(defcustom dragoman-options nil
  "Settings for the server as a property list, in the words of its settings page.
For instance (:routing (:fallback_order [\"anthropic\" \"ollama\"]))."
  :type '(plist :value-type sexp))

(defcustom dragoman-modes
  '(python-base-mode js-base-mode typescript-ts-base-mode go-ts-mode rust-ts-mode c-mode c++-mode java-mode ruby-base-mode)
  "Modes in which `eglot' starts Dragoman. Eglot has one server for a buffer: these do without another."
  :type '(repeat symbol))

(defun dragoman-contact (&rest _)
  "What Eglot starts, and what it tells it at the beginning."
  (unless (executable-find "dragoman")
    (user-error "There is no dragoman on exec-path: install it, or (add-to-list 'exec-path \"~/.local/bin\")"))
  `("dragoman" "lsp" :initializationOptions ,(or dragoman-options eglot--{})))

(add-to-list 'eglot-server-programs (cons dragoman-modes #'dragoman-contact))

(defun dragoman--run (command &optional instruction)
  "Run the server's COMMAND on the region, or at point, with an INSTRUCTION in free text."
  (let ((server (or (eglot-current-server) (user-error "Dragoman does not run here: M-x eglot starts it")))
        (start (if (use-region-p) (region-beginning) (point)))
        (end (if (use-region-p) (region-end) (point))))
    (eglot-execute server
                   `(:command ,(concat "dragoman." command)
                     :arguments [(:textDocument (:uri ,(eglot-path-to-uri buffer-file-name))
                                  :range (:start ,(eglot--pos-to-lsp-position start) :end ,(eglot--pos-to-lsp-position end))
                                  ,@(and instruction (list :instruction instruction)))]))))

(defun dragoman-ask (question)
  "Ask a QUESTION about the region, or about the definition at point."
  (interactive "sAsk: ")
  (dragoman--run "ask" question))

(defun dragoman-edit (instruction)
  "Change the region, or the definition at point, as the INSTRUCTION says."
  (interactive "sEdit: ")
  (dragoman--run "edit" instruction))

(defun dragoman-cancel ()
  "Stop everything that Dragoman does."
  (interactive)
  (eglot-execute (eglot--current-server-or-lose) '(:command "dragoman.cancel" :arguments [])))

(defvar-keymap dragoman-map
  :doc "Keys for Dragoman, to be bound to a prefix."
  "a" #'eglot-code-actions
  "q" #'dragoman-ask
  "e" #'dragoman-edit
  "x" #'dragoman-cancel)

(provide 'dragoman)
;;; dragoman.el ends here

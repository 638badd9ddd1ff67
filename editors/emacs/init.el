;; For ~/.emacs.d/init.el: Dragoman in Python files, and C-c d before its keys.

(load "~/.emacs.d/dragoman.el")
(add-hook 'python-base-mode-hook #'dragoman-ensure)
(keymap-global-set "C-c d" dragoman-map)

;; Who is asked, failover, tokens so far: in the echo area, instead of a mere title in the mode line.
(setq eglot-report-progress 'messages)

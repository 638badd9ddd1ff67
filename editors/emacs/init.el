;; For ~/.emacs.d/init.el: Dragoman in Python files, and C-c d before its keys.

(load "~/.emacs.d/dragoman.el")
(add-hook 'python-base-mode-hook #'dragoman-ensure)
(keymap-global-set "C-c d" dragoman-map)

"""The words by which the classifier knows what a text asks for, in English, German, Spanish, French and Chinese.

Fragments of regular expressions, for text in lower case. Chinese has no spaces, and stands apart for that.
"""

# ruff: noqa: E501, ISC004 - a row of words is one line, and two rows may be one pattern

from __future__ import annotations

ANALYSE = (
    "review|analy[sz]e|audit|assess|evaluate|critique|inspect|profile|investigate|diagnose|compare|judge|smells?",
    "(?:find|spot|search for|look for) (?:(?:any|all|the|every|possible|potential|hidden|security|memory|places?) )*"
    "(?:bugs?|issues?|problems?|errors?|leaks?|vulnerabilit(?:y|ies)|flaws?|races?|bottlenecks?|where we|mistakes?)",
    "check (?:this|for|if|whether|the|my|it|that)|look over|what(?:'s| is) wrong|what (?:could|can|might) go wrong",
    "(?:any|are there|is there) [^.?!\\n]{0,30}(?:issues?|problems?|bugs?|leaks?|mistakes?|injections?|flaws?|gaps?)",
    "where is the (?:bug|leak|bottleneck|problem|error)|what (?:would|could|should) (?:you|i|we) (?:improve|change)",
    "which [^.?!\\n]{0,40}\\b(?:better|faster|safer|cleaner)|anything (?:suspicious|wrong|odd|missing)",
    "why [^.?!\\n]{0,60}(?:slow|leak|crash|fail|hang|broken|happen|flaky|stuck|wrong|never|sometimes|n't work)\\w*",
    # German
    "prüfe?|überprüfe?|untersuche?|analysiere?|bewerte|vergleiche?|begutachte|was könnte|gibt es|ist (?:das|dies|es|mein)",
    "(?:finde?|suche?) (?:\\w+ )?(?:fehler|bugs?|\\w*lücken|probleme|schwachstellen)",
    "warum [^.?!\\n]{0,60}(?:langsam|fehl|stürzt|hängt|kaputt|nicht|scheiter\\w*)",
    # Spanish
    "revisa|analiza|evalúa|compara|inspecciona|audita|(?:busca|encuentra) (?:\\w+ )?(?:errores|bugs|fallos|problemas)",
    "hay (?:\\w+ )?(?:problemas|errores|fallos|fugas)|es (?:seguro|correcto|eficiente)|qué podría (?:salir|ir) mal",
    "por qué [^.?!\\n]{0,60}(?:falla|lento|lenta|rompe|cuelga|no)",
    # French
    "relis|relire|analyse|analyser|vérifie|évalue|inspecte|(?:trouve|cherche)r? (?:\\w+ )?(?:bugs?|erreurs?|failles?)",
    "y a-t-il|est-ce (?:que )?(?:c'est|correct|sûr)|qu'est-ce qui (?:pourrait|ne va)",
    "pourquoi [^.?!\\n]{0,60}(?:lent|lente|échoue|plante|bloque|marche pas)",
)
"""What is to be judged."""

YES_OR_NO = "(?:is|are|does|do|can|could|would|will|am|has|have|should|did) (?:this|it|that|there|these|those|the|my|our|i|you|we)"
"""A question that begins so asks for a judgement."""

EXPLAIN = (
    "explain|describe|clarify|elaborate|summari[sz]e|eli5|walk me through|teach me|help me understand|break (?:it |this )?down",
    "overview of|tell me (?:about|what|how|why)|meaning of|difference between|i (?:do not|don't) (?:get|understand)",
    "(?:can|could) (?:you|someone) tell me",
    "erkläre?|erläutere?|beschreibe?|fasse? [^.?!\\n]{0,40}zusammen|was (?:macht|bedeutet|tut|passiert|heißt)|wof[üu]r|wozu",
    "explica|explícame|describe|resume|qué (?:hace|significa|pasa)|para qué",
    "explique[rz]?|décris|décrire|résume|que (?:fait|signifie|veut dire)|à quoi (?:sert|servent)|qu'est-ce que",
)
"""What is to be explained, whatever it is about."""

ASK = (
    "what(?:'s| is| are| does| do| happens| did| would| kind| for)?|how (?:does|do|is|are|did|come)|why|where (?:is|are|does)",
    "when (?:is|are|does|should|do)|which|who",
    "was (?:ist|sind)|wie (?:funktioniert|geht|arbeitet|läuft|wird)|warum|welche[rs]?|wo (?:ist|wird|kommt)",
    "qué (?:es|son)|cómo (?:funciona|se|es)|por qué|cuál(?:es)?|dónde",
    "comment (?:marche|fonctionne|ça|se)|pourquoi|quel(?:le)?s?|qu'est-ce|où (?:est|vient)",
)
"""A question: an explanation if it is about code, else about the world."""

MAKE = (
    "write|add|create|generate|implement|make|build|refactor|rewrite|rename|extract|inline|move|fix|repair|convert",
    "translate|port|turn|change|replace|remove|delete|drop|use|simplify|optimi[sz]e|speed (?:this |it )?up|clean ?up|sort",
    "handle|wrap|document|update|migrate|complete|finish|format|return|raise|catch|cache|log|validate|parse|annotate|split",
    "type|introduce|swap|invert|insert|apply|give|put|need|mock|stub|cover|test|unit[- ]test|parametri[sz]e|merge|draft",
    "get rid of|hook up|guard|memoi[sz]e|match|capture|ensure|expose|hide|cancel|retry|provide|assert|set up|connect|support",
    "(?:this|it|the \\w+) (?:should|must|ought to|needs? to|has to)|i want (?:this|it|the|to)|let's (?:have|use|make)|avoid",
    "mach(?:e)?|ändere?|schreibe?|füge?|ergänzen?|erstellen?|erstelle?|ersetze?|benenne?|korrigiere?|repariere?|behebe?",
    "implementiere?|refaktoriere?|lösche?|entferne?|übersetze?|vereinfache?|optimiere?|baue?|generiere?|wandle|sortiere?",
    "verwende?|nutze?|dokumentiere?|ich brauche|verschiebe?",
    "refactoriza|añade|agrega|escribe|escribir|cambia|crea|genera|corrige|arregla|elimina|borra|renombra|convierte",
    "implementa|reemplaza|sustituye|simplifica|optimiza|usa|haz|documenta|traduce|mueve|necesito",
    "ajoute[rz]?|renomme[rz]?|écris|écrire|corrige[rz]?|répare|crée[rz]?|génère|supprime|remplace|convertis|simplifie",
    "optimise|refactorise|implémente|transforme|utilise|documente|traduis|fais|déplace",
)
"""What is to be made or changed."""

TESTS = (
    "(?<![a-zà-ÿ])(?:unit)?tests?(?![a-zà-ÿ])|(?:doc|unit)tests?\\b|\\btesting\\b|\\btest[- ]?(?:cases?|suite|data|fälle|fall)",
    "\\b(?:unit[- ])?tests?\\b|\\bspecs?\\b|\\bfixtures?\\b|\\bmocks?\\b|\\bcoverage\\b|\\b(?:pytest|unittest|jest|vitest|junit|e2e)\\b",
    "\\btestf[aä]ll|\\bpruebas?\\b|\\bcasos? de prueba\\b|\\bcas de test\\b",
)

REGEX = (
    "\\brgx\\b|\\breg(?:ular )?ex(?:p|es|ps|pressions?)?\\b",
    "\\bpattern (?:that|to|which|for) (?:match\\w*|captur\\w*|find\\w*|extract\\w*|validat\\w*)|\\bpattern\\b[^.\\n]{0,20}\\bmatch",
    "\\b(?:match(?:es|ing)?|captur(?:e|es|ing)) (?:(?:an?|all|any|every|only|the|valid) )*"
    "(?:e-?mails?|dates?|urls?|ipv?[46]?|phone|digits?|uuids?|postcodes?|zip|hex|semver|lines?|words?|numbers?)",
    "\\bregulär\\w* ausdr[uü]ck\\w*|\\bexpresi(?:ón|ones) regular(?:es)?|\\bexpressions? régulières?",
)

PROSE = (
    "\\bpoems?\\b|\\bhaikus?\\b|\\bstor(?:y|ies)\\b|\\bjokes?\\b|\\bsongs?\\b|\\be?-?mail to\\b|\\bletters? to\\b|\\btweets?\\b|\\bblog\\b",
    "\\bspeech\\b|\\brecipes?\\b|\\blimericks?\\b|\\bbirthday\\b|\\bcover letter\\b|\\bslogans?\\b|\\bcommit (?:message|msg)s?\\b",
    "\\bchangelog\\b|\\brelease (?:notes?|announcement)|\\bannouncement\\b|\\b(?:pull request|pr) (?:description|title)\\b",
    "\\bgedichte?\\b|\\bcommit-nachricht|\\bgeschichte\\b|\\bbrief an\\b|\\bmensaje de commit|\\bpoemas?\\b|\\bcarta\\b",
    "\\bmessage de commit|\\bpoèmes?\\b|\\blettre\\b|\\bdiscours\\b",
)
"""What is written for people."""

INTO_A_LANGUAGE = "\\b(?:into|to|in|auf|ins) (?:french|german|spanish|english|italian|chinese|japanese|\\w+isch)e?\\b"
"""Of words that are translated for people, if they are not those of code."""

FAULTS = (
    "\\b(?:wrong|bugs?|leaks?|vulnerabilit(?:y|ies)|flaws?|races?|bottlenecks?|insecure|thread[- ]?safe|threadsicher)\\b",
    "\\b(?:complexity|scale to|overflow|performance|suspicious|idiomatic)\\b",
)

CODE = (
    "\\b(?:functions?|class(?:es)?|methods?|code|variables?|loops?|modules?|structs?|enums?|interfaces?|type hints?|docstrings?)\\b",
    "\\b(?:scripts?|quer(?:y|ies)|endpoints?|components?|parameters?|arguments?|imports?|async|exceptions?|null|apis?|json|lists?)\\b",
    "\\b(?:strings?|files?|algorithms?|operators?|signatures?|generics?|iterators?|decorators?|callbacks?|lock|caches?|flags?)\\b",
    "\\b(?:control flow|design pattern|pattern|tree|semicolon|comments?|value|database|sql|branch|dataclass|underscore|errors?)\\b",
    "\\b(?:rust|python|java|javascript|typescript|golang|haskell|c\\+\\+|thread|pointer|reference|prints?|compil\\w+)\\b",
    "\\w\\(|[{};`]|=>|->|\\w_\\w|\\b_\\w|\\.\\w+\\(|__\\w|\\b[a-z]+[A-Z]\\w*",
    "\\b(?:funktion|klasse|methode|schleife|datei|zeile|algorithmus|fehler|variable|código|función|clase|método|bucle)\\b",
    "\\b(?:archivo|módulo|algoritmo|error|parámetro|fonction|classe|méthode|boucle|fichier|ligne|algorithme|erreur|paramètre)\\b",
)
"""What speaks of code."""

HERE = (
    "\\b(?:this|it|these|here|lines?|above|below|selection|work|works|mean|means)\\b",
    "\\b(?:das|dies\\w*|hier|este|esta|esto|aquí|ce|cette|cet|ces|ici)\\b",
)
"""What speaks of what is selected."""

ZH_ANALYSE = "检查|审查|评审|分析|找出|查找|有没有|是否|哪个更|为什么[^。？\\n]{0,20}(?:慢|失败|崩溃|报错|卡|不|错)|[^。\\n]{0,20}吗"
ZH_EXPLAIN = "解释|说明|讲解|介绍|什么意思|做什么|怎么工作|如何工作|怎么运行|有什么用|干什么|为什么|是什么|总结"
ZH_MAKE = "重构|重写|改[成为]|修改|添加|[加补]上|增加|编?写|实现|生成|创建|删除|移除|修复|优化|简化|替换|重命名|转换|翻译|补全|提取|匹配|用"
ZH_TESTS = "测试|用例"
ZH_REGEX = "正则"
ZH_PROSE = "提交信息|提交说明|诗|邮件|故事|演讲|公告"
ZH_CODE = "函数|代码|变量|类|方法|循环|参数|文件|算法|错误|接口|这"

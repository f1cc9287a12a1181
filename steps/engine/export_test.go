package engine

// JournalFile is the file under a journal.
type JournalFile = journalFile

// WrapJournalFiles puts tests between an engine and its journals.
func (e *Engine) WrapJournalFiles(wrap func(JournalFile) JournalFile) {
	open := e.openFile
	e.openFile = func(name string, flag int) (journalFile, error) {
		file, err := open(name, flag)
		if err != nil {
			return nil, err
		}
		return wrap(file), nil
	}
}

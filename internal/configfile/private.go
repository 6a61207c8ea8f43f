package configfile

// Private lists the files and directories that must stay private: the configuration itself, the
// data directory, the folder of mails, and every file that holds a secret. A page must not contain
// any of them.
func (f *File) Private() []string {
	private := append([]string{f.path, f.Data}, f.secretFiles...)
	if f.TLS.KeyFile != "" {
		private = append(private, f.TLS.KeyFile)
	}
	if f.Mail.Folder != "" {
		private = append(private, f.Mail.Folder)
	}
	return private
}

package configfile

// Private lists the files and directories that nobody else may read: the configuration itself, the data
// directory, the folder of mails, and every file that holds a secret. No page may hold one of them.
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

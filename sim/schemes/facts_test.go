package schemes

// facts are what is well known of the schemes, case by case, so that their models cannot rot.
var facts = map[string]map[string]string{}
